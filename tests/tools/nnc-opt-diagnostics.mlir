// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @no_kernel(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'sched.launch' op 'missing' is not a kernel}}
  %y = sched.launch @missing tasks(1) outs(%x : tensor<4xf32>)
  return %y : tensor<4xf32>
}

// -----

// expected-error @below {{attribute 'sched.peak_bytes' is a number of bytes}}
func.func @bytes() attributes {sched.peak_bytes} {
  return
}
