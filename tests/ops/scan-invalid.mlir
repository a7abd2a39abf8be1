// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @steps(%h0: tensor<4xf32>, %xs: tensor<7x4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{scan: sequence 0: expected 8 steps, got 7x4}}
  %r = nn.scan 8 carries(%h0) sequences(%xs) captures() : (tensor<4xf32>, tensor<7x4xf32>) -> tensor<4xf32> {
    ^bb0(%h: tensor<4xf32>, %x: tensor<4xf32>):
      nn.yield %h : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

func.func @argument(%h0: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{scan: body's argument 0: expected 4 of f32 as carry 0, got 5 of f32}}
  %r = nn.scan 8 carries(%h0) sequences() captures() : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%h: tensor<5xf32>):
      nn.yield %h : tensor<5xf32>
  }
  return %r : tensor<4xf32>
}

// -----

func.func @yielded(%h0: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // expected-error @+1 {{scan: result 1: expected 8x4 of f32 as the value yielded for it, got 4 of f32}}
  %r:2 = nn.scan 8 carries(%h0) sequences() captures() : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    ^bb0(%h: tensor<4xf32>):
      nn.yield %h, %h : tensor<4xf32>, tensor<4xf32>
  }
  return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>
}

// -----

func.func @length(%h0: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{scan: length: expected at least 1, got 0}}
  %r = nn.scan 0 carries(%h0) sequences() captures() : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%h: tensor<4xf32>):
      nn.yield %h : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
