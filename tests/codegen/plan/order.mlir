// RUN: nnc-opt --to=buffers %s | FileCheck %s

// What only adds bytes is made where it is needed, not where it stands.

func.func private @twice(%a: tensor<1024xf32>, %o: tensor<1024xf32>) -> tensor<1024xf32> attributes {sched.kernel} {
  %r = linalg.add ins(%a, %a : tensor<1024xf32>, tensor<1024xf32>) outs(%o : tensor<1024xf32>) -> tensor<1024xf32>
  return %r : tensor<1024xf32>
}
func.func private @add(%a: tensor<1024xf32>, %b: tensor<1024xf32>, %o: tensor<1024xf32>) -> tensor<1024xf32> attributes {sched.kernel} {
  %r = linalg.add ins(%a, %b : tensor<1024xf32>, tensor<1024xf32>) outs(%o : tensor<1024xf32>) -> tensor<1024xf32>
  return %r : tensor<1024xf32>
}
func.func private @zeros(%o: tensor<1024xf32>) -> tensor<1024xf32> attributes {sched.kernel} {
  %zero = arith.constant 0.0 : f32
  %r = linalg.fill ins(%zero : f32) outs(%o : tensor<1024xf32>) -> tensor<1024xf32>
  return %r : tensor<1024xf32>
}
func.func private @part(%a: tensor<256xf32>, %o: tensor<1024xf32>) -> tensor<1024xf32> attributes {sched.kernel} {
  %r = tensor.insert_slice %a into %o[16] [256] [1] : tensor<256xf32> into tensor<1024xf32>
  return %r : tensor<1024xf32>
}

// CHECK-LABEL: func.func @late
// CHECK-SAME: sched.lower_bound_bytes = 8192 : i64, sched.peak_bytes = 8192 : i64
// CHECK: sched.launch @twice
// CHECK: sched.launch @add
// CHECK: sched.launch @twice
// CHECK: sched.launch @add
// CHECK: sched.launch @twice
// CHECK: sched.launch @add
func.func @late(%x: tensor<1024xf32>, %a: tensor<1024xf32>, %b: tensor<1024xf32>, %c: tensor<1024xf32>) -> tensor<1024xf32> {
  %e = tensor.empty() : tensor<1024xf32>
  %a2 = sched.launch @twice tasks(1) ins(%a : tensor<1024xf32>) outs(%e : tensor<1024xf32>)
  %b2 = sched.launch @twice tasks(1) ins(%b : tensor<1024xf32>) outs(%e : tensor<1024xf32>)
  %c2 = sched.launch @twice tasks(1) ins(%c : tensor<1024xf32>) outs(%e : tensor<1024xf32>)
  %xa = sched.launch @add tasks(1) ins(%x, %a2 : tensor<1024xf32>, tensor<1024xf32>) outs(%e : tensor<1024xf32>)
  %xb = sched.launch @add tasks(1) ins(%xa, %b2 : tensor<1024xf32>, tensor<1024xf32>) outs(%e : tensor<1024xf32>)
  %xc = sched.launch @add tasks(1) ins(%xb, %c2 : tensor<1024xf32>, tensor<1024xf32>) outs(%e : tensor<1024xf32>)
  return %xc : tensor<1024xf32>
}

// The new value of an argument is made as soon as what it is made from can go: it takes no place of its own.
// CHECK-LABEL: func.func @update_early
// CHECK-SAME: sched.peak_bytes = 4096 : i64
// CHECK: sched.launch @twice
// CHECK: sched.launch @add
// CHECK: sched.launch @twice
// CHECK: sched.launch @add
func.func @update_early(%w: tensor<1024xf32>, %v: tensor<1024xf32>, %x: tensor<1024xf32>)
    -> (tensor<1024xf32> {nn.updates = 0 : i64}, tensor<1024xf32> {nn.updates = 1 : i64}) {
  %e = tensor.empty() : tensor<1024xf32>
  %g = sched.launch @twice tasks(1) ins(%x : tensor<1024xf32>) outs(%e : tensor<1024xf32>)
  %h = sched.launch @twice tasks(1) ins(%x : tensor<1024xf32>) outs(%e : tensor<1024xf32>)
  %w1 = sched.launch @add tasks(1) ins(%w, %g : tensor<1024xf32>, tensor<1024xf32>) outs(%e : tensor<1024xf32>)
  %v1 = sched.launch @add tasks(1) ins(%v, %h : tensor<1024xf32>, tensor<1024xf32>) outs(%e : tensor<1024xf32>)
  return %w1, %v1 : tensor<1024xf32>, tensor<1024xf32>
}

// A fill that several start from is written for each: no copy, and nothing to keep.
// CHECK-LABEL: func.func @fills
// CHECK-NOT: sched.copy
// CHECK: sched.launch @zeros
// CHECK: sched.launch @part
// CHECK-NOT: sched.copy
// CHECK: sched.launch @zeros
// CHECK: sched.launch @part
// CHECK-NOT: sched.copy
// CHECK: return
func.func @fills(%a: tensor<256xf32>, %b: tensor<256xf32>) -> (tensor<1024xf32>, tensor<1024xf32>) {
  %e = tensor.empty() : tensor<1024xf32>
  %zero = sched.launch @zeros tasks(1) outs(%e : tensor<1024xf32>)
  %first = sched.launch @part tasks(1) ins(%a : tensor<256xf32>) outs(%zero : tensor<1024xf32>)
  %second = sched.launch @part tasks(1) ins(%b : tensor<256xf32>) outs(%zero : tensor<1024xf32>)
  return %first, %second : tensor<1024xf32>, tensor<1024xf32>
}
