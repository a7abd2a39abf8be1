// RUN: nnc-opt --to=kernels --split-input-file --verify-diagnostics %s

// expected-error @+1 {{argument 'x': nn.frozen: expected a parameter, buffer or constant, got an input}}
func.func @input(%x: tensor<4xf32> {nn.frozen, nn.name = "x"}) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{argument 'w': nn.frozen: expected no value, got true}}
func.func @value(%w: tensor<4xf32> {nn.frozen = true, nn.name = "w", nn.kind = "parameter"}) -> tensor<4xf32> {
  return %w : tensor<4xf32>
}

// -----

// expected-error @+1 {{argument 'w': nn.frozen: expected what no result updates, but result 0 does}}
func.func @updated(%w: tensor<4xf32> {nn.frozen, nn.name = "w", nn.kind = "parameter"}) -> (tensor<4xf32> {nn.updates = 0 : i64}) {
  return %w : tensor<4xf32>
}

// -----

// A function that is there already is not overwritten.
// expected-error @+1 {{function 'f.prepare': the name is taken by what prepares 'f'}}
func.func @f(%x: tensor<4xf32> {nn.name = "x"}, %w: tensor<4xf32> {nn.frozen, nn.name = "w", nn.kind = "parameter"}) -> tensor<4xf32> {
  %e = nn.exp %w : (tensor<4xf32>) -> tensor<4xf32>
  %y = nn.mul %x, %e : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func @f.prepare(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
