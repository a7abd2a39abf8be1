// Where time goes: the counts of nnc inspect, the report of nnc bench --profile, the trace.
// RUN: nnc inspect %s | FileCheck %s --check-prefix=INSPECT
// RUN: nnc inspect %s --threads 1 | FileCheck %s --check-prefix=ONE
// RUN: nnc bench %s layer --runs 3 --profile --threads 1 | FileCheck %s --check-prefix=PROFILE
// RUN: nnc bench %s layer --runs 3 | wc -l | FileCheck %s --check-prefix=ONELINE
// RUN: nnc bench %s wide --runs 3 --threads 2 --trace=%t.json | wc -l | FileCheck %s --check-prefix=ONELINE
// RUN: python3 %S/check_trace.py %t.json 2 3 dot_ "fc" "net.cpp:41" 33554432
// RUN: nnc bench %s layer --runs 1 --threads 1 --trace=%t.json && python3 %S/check_trace.py %t.json 1 3 dot_bias_relu "fc, act" "net.cpp:41, net.cpp:42" 397312
// RUN: ls %t.json* | wc -l | FileCheck %s --check-prefix=ONELINE
// RUN: nnc bench %S/../codegen/form/odd.mlir nothing --runs 1 --profile --trace=%t.none.json | FileCheck %s --check-prefix=NOTHING
// RUN: nnc bench %S/../codegen/form/odd.mlir as_they_are --runs 1 --profile | FileCheck %s --check-prefix=NOTHING
// RUN: nnc compile %s -o %t.so && nnc inspect %t.so | FileCheck %s --check-prefix=INSPECT
// RUN: not nnc bench %s layer --runs 1 --trace=/no/such/folder/t.json 2>&1 | FileCheck %s --check-prefix=FOLDER
// RUN: not nnc bench %s layer --runs 1 --trace=/dev/full 2>&1 | FileCheck %s --check-prefix=FULL

// A product of 2 64 96 32 operations with a bias and a relu of 64 32 each, on 4 (64 96 + 96 32 + 32 + 64 32) bytes.
// INSPECT: function layer
// INSPECT: work of one call: 0.397 MFLOP, 45.2 kB read and written
// INSPECT: launches:
// INSPECT-NEXT: machine of {{[0-9]+}} thread{{s?}}: {{[0-9.]+}} GFLOP/s (f32), {{[0-9.]+}} GB/s at {{.*}}, {{[0-9.]+}} GB/s from {{.*}}
// INSPECT-NEXT: tasks   times      MFLOP         bytes  FLOP/byte  bound         least us  kernel (layers) source
// INSPECT-NEXT: 1 1 0.397 45184 8.79 {{arithmetic|bandwidth}} {{[0-9.]+}} dot_bias_relu_{{[0-9a-f]+}} (fc, act) net.cpp:41, :42
// INSPECT-NEXT: at the roofline a call takes {{[0-9.]+}} us

// Two operations for each element of 4 bytes there and 4 back: no machine has so little arithmetic.
// INSPECT: function stream
// INSPECT: launches:
// INSPECT: 2.000 8000000 0.25 bandwidth {{[0-9.]+}} mul_{{.*}}

// INSPECT: function wide
// INSPECT: 33.554 {{ *}}786432 {{ *}}42.67 arithmetic {{[0-9.]+}} dot_{{.*}} (fc) net.cpp:41
// INSPECT: function doubles
// INSPECT: GFLOP/s (f64)

// ONE: machine of 1 thread:

// PROFILE: layer: median {{.*}} us, least {{.*}} us, most {{.*}} us of 3 runs on 1 threads, {{.*}} GFLOP/s
// PROFILE-NEXT: 1 thread: {{.*}} GFLOP/s (f32), {{.*}} GB/s from
// PROFILE-NEXT: us a call      %   GFLOP/s      GB/s  roofline %  bound       kernel (layers) source
// PROFILE-NEXT: {{[0-9.]+ +}}100.0 {{[0-9.]+ +[0-9.]+ +[0-9.]+ +(arithmetic|bandwidth)}} dot_bias_relu_{{.*}} (fc, act) net.cpp:41, :42
// PROFILE-NEXT: us in launches of {{.*}} us a call; at the roofline they would take {{.*}} us
// PROFILE-NEXT: {{most worth improving|no kernel loses more than 1 %}}

// A function without work.
// NOTHING: 0.00 us in launches of {{.*}} us a call; at the roofline they would take 0.00 us
// NOTHING-NEXT: no kernel loses more than 1 % of the time against the roofline

// Without the flag nothing is reported but the calls; a trace leaves nothing beside it.
// ONELINE: 1{{$}}
// FOLDER: nnc: error: /no/such/folder/t.json: cannot write: No such file or directory
// FULL: nnc: error: /dev/full: cannot write: No space left on device

#id = affine_map<(d0, d1) -> (d0, d1)>
#col = affine_map<(d0, d1) -> (d1)>

func.func @layer(%x: tensor<64x96xf32>, %w: tensor<96x32xf32>, %b: tensor<32xf32>) -> tensor<64x32xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x32xf32> loc("net.cpp":41:7)
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x32xf32>) -> tensor<64x32xf32> loc("net.cpp":41:7)
  %d = linalg.matmul ins(%x, %w : tensor<64x96xf32>, tensor<96x32xf32>) outs(%f : tensor<64x32xf32>) -> tensor<64x32xf32> loc("linear 'fc'"("net.cpp":41:7))
  %y = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%d, %b : tensor<64x32xf32>, tensor<32xf32>) outs(%e : tensor<64x32xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    %r = arith.maximumf %s, %zero : f32
    linalg.yield %r : f32
  } -> tensor<64x32xf32> loc("relu 'act'"("net.cpp":42:3))
  return %y : tensor<64x32xf32>
}

func.func @stream(%x: tensor<1000000xf32>) -> tensor<1000000xf32> {
  %e = tensor.empty() : tensor<1000000xf32>
  %y = linalg.map ins(%x : tensor<1000000xf32>) outs(%e : tensor<1000000xf32>)
    (%a: f32, %o: f32) { %m = arith.mulf %a, %a : f32 %s = arith.addf %m, %a : f32 linalg.yield %s : f32 }
  return %y : tensor<1000000xf32>
}

func.func @wide(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<256x256xf32> loc("net.cpp":41:7)
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<256x256xf32>) -> tensor<256x256xf32> loc("net.cpp":41:7)
  %d = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%f : tensor<256x256xf32>) -> tensor<256x256xf32> loc("linear 'fc'"("net.cpp":41:7))
  return %d : tensor<256x256xf32>
}

func.func @doubles(%x: tensor<1000xf64>) -> tensor<1000xf64> {
  %y = nn.exp %x : (tensor<1000xf64>) -> tensor<1000xf64>
  return %y : tensor<1000xf64>
}
