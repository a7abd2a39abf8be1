// RUN: nnc-opt %s --verify-diagnostics

func.func @outside(%b: tensor<i1>) {
  // expected-error @+1 {{expects parent op 'nn.scan'}}
  nn.yield %b : tensor<i1>
}
