// RUN: nnc-opt %s --verify-diagnostics

func.func @size(%i: tensor<4xi64>) {
  // expected-error @+2 {{check_index: size: expected at least 0, got -1}}
  // expected-error @+1 {{failed to infer returned types}}
  %c = nn.check_index %i {size = -1 : i64, what = "target"} : (tensor<4xi64>) -> tensor<4xi64>
  return
}
