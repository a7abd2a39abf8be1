// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @type() -> tensor<2xf32> {
  // expected-error @+1 {{constant: value: expected 2 of f32 as output, got 3 of f32}}
  %y = nn.constant {value = dense<1.0> : tensor<3xf32>} : () -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// A vector is no tensor.
func.func @vector() -> tensor<2xf32> {
  // expected-error @+1 {{constant: value: expected a tensor, got 'vector<2xf32>'}}
  %y = nn.constant {value = dense<1.0> : vector<2xf32>} : () -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @complex() -> tensor<2xcomplex<f32>> {
  // expected-error @+1 {{'nn.constant' op result #0 must be a tensor of f32, f64, bf16, f16, i64, i32, i8, ui8 or i1, of static shape and at most 2^40 elements, but got 'tensor<2xcomplex<f32>>'}}
  %y = nn.constant {value = dense<(1.0, 2.0)> : tensor<2xcomplex<f32>>} : () -> tensor<2xcomplex<f32>>
  return %y : tensor<2xcomplex<f32>>
}
