// RUN: nnc-opt --split-input-file --verify-diagnostics %s

func.func private @k(%x: tensor<8xf32>, %o: tensor<8xf32>) -> tensor<8xf32> { return %o : tensor<8xf32> }
func.func @not_a_kernel(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @+1 {{'k' is not a kernel}}
  %y = sched.launch @k tasks(1) ins(%x : tensor<8xf32>) outs(%x : tensor<8xf32>)
  return %y : tensor<8xf32>
}

// -----

func.func private @k(%x: tensor<8xf32>, %o: tensor<8xf32>) -> tensor<8xf32> attributes {sched.kernel} { return %o : tensor<8xf32> }
func.func @arguments(%x: tensor<9xf32>) -> tensor<9xf32> {
  // expected-error @+1 {{operand 0: expected 'tensor<8xf32>', got 'tensor<9xf32>'}}
  %y = sched.launch @k tasks(1) ins(%x : tensor<9xf32>) outs(%x : tensor<9xf32>)
  return %y : tensor<9xf32>
}

// -----

func.func private @k(%x: tensor<8xf32>, %o: tensor<8xf32>) -> tensor<8xf32> attributes {sched.kernel} { return %o : tensor<8xf32> }
func.func @gaps(%x: memref<8xf32, strided<[2]>>) {
  // expected-error @+1 {{expected contiguous buffers}}
  sched.launch @k tasks(1) ins(%x : memref<8xf32, strided<[2]>>) outs(%x : memref<8xf32, strided<[2]>>)
  return
}

// -----

func.func @position(%p: tensor<2xi64>, %t: tensor<64xi64>) {
  // expected-error @+1 {{position: expected one i64, got 'tensor<2xi64>'}}
  sched.check %p, %t bounds(0, 10) "target" : tensor<2xi64>, tensor<64xi64>
  return
}

// -----

// expected-error @+1 {{unknown attribute 'sched.colour'}}
func.func private @unknown() attributes {sched.colour}
