// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @predicate(%l: tensor<4xf32>, %r: tensor<4xf32>) -> tensor<4xi1> {
  // expected-error @+2 {{compare: predicate: expected one of eq, ne, lt, le, gt, ge, got 'less'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.compare %l, %r {predicate = "less"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  return %y : tensor<4xi1>
}

// -----

func.func @shapes(%l: tensor<4xf32>, %r: tensor<5xf32>) -> tensor<4xi1> {
  // expected-error @+1 {{'nn.compare' op requires all operands to have the same type}}
  %y = nn.compare %l, %r {predicate = "lt"} : (tensor<4xf32>, tensor<5xf32>) -> tensor<4xi1>
  return %y : tensor<4xi1>
}

// -----

func.func @result(%l: tensor<4xf32>, %r: tensor<4xf32>) -> tensor<5xi1> {
  // expected-error @+2 {{inferred type(s) 'tensor<4xi1>' are incompatible with return type(s) of operation 'tensor<5xi1>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.compare %l, %r {predicate = "lt"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<5xi1>
  return %y : tensor<5xi1>
}
