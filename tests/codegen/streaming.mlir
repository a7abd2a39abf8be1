// RUN: nnc-opt --to=llvm --target=x86-64-v4 %s | FileCheck %s

// A result that the caller is given is stored past the caches where it and what is read do not fit 32 MB, and its lines
// are written whole.

#id = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: llvm.func {{.*}}@add_
// CHECK: llvm.store {{.*}} {alignment = 64 : i64, nontemporal} : vector<16xf32>
func.func @large(%x: tensor<4224x1024xf32>) -> tensor<4224x1024xf32> {
  %e = tensor.empty() : tensor<4224x1024xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4224x1024xf32>) outs(%e : tensor<4224x1024xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %a : f32
    linalg.yield %s : f32
  } -> tensor<4224x1024xf32>
  return %y : tensor<4224x1024xf32>
}

// CHECK-LABEL: llvm.func {{.*}}@mul_
// CHECK-NOT: nontemporal
// CHECK: llvm.return
func.func @small(%x: tensor<1024x1024xf32>) -> tensor<1024x1024xf32> {
  %e = tensor.empty() : tensor<1024x1024xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<1024x1024xf32>) outs(%e : tensor<1024x1024xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.mulf %a, %a : f32
    linalg.yield %s : f32
  } -> tensor<1024x1024xf32>
  return %y : tensor<1024x1024xf32>
}

// Rows begin anywhere in a line.

// CHECK-LABEL: llvm.func {{.*}}@broadcast_
// CHECK-NOT: nontemporal
// CHECK: llvm.return
func.func @odd(%x: tensor<1027xf32>) -> tensor<8192x1027xf32> {
  %e = tensor.empty() : tensor<8192x1027xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<1027xf32>) outs(%e : tensor<8192x1027xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<8192x1027xf32>
  return %y : tensor<8192x1027xf32>
}
