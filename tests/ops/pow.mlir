// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s pow --input 2,2,-2,-2,0,0 --input 10,0.5,3,0.5,0,2 | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t pow_grad --input 2,2,-2,0,0,4 --input 3,0,3,0,2,0.5 --input 1 | FileCheck %s --check-prefix=GRADIENT

// By the base: r * l^(r-1), and 0 where r is 0. By the exponent: y * log(l), which is NaN for a negative base, and 0 where l is 0
// and r is not negative.
// CHECK-LABEL: func.func @pow(
// CHECK: nn.pow %arg0, %arg1 : (tensor<6xf64>, tensor<6xf64>) -> tensor<6xf64>
// CHECK-LABEL: func.func @pow_grad(
// CHECK: nn.compare %arg1, %{{.*}} {predicate = "eq"}
// CHECK: nn.pow %arg0
// CHECK: nn.log %arg0
// LINALG: math.powf
// VALUE: 6 f64: 1024 1.414213562373{{[0-9]*}} -8 {{-?}}nan 1 0{{$}}
// GRADIENT: 6 f64: 12 0 12 0 0 0.25{{$}}
// GRADIENT: 6 f64: 5.54517744447{{[0-9]*}} 0.6931471805599{{[0-9]*}} {{-?}}nan 0 0 2.77258872223{{[0-9]*}}{{$}}
func.func @pow(%l: tensor<6xf64>, %r: tensor<6xf64>) -> tensor<6xf64> {
  %y = nn.pow %l, %r : (tensor<6xf64>, tensor<6xf64>) -> tensor<6xf64>
  return %y : tensor<6xf64>
}
