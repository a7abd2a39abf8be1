// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s constant | FileCheck %s --check-prefix=VALUE

// Booleans and bytes are i8 in memory.
// CHECK: nn.constant {value = dense<[1.500000e+00, 0x7F800000]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK: nn.constant {value = dense<[true, false, true]> : tensor<3xi1>} : () -> tensor<3xi1>
// CHECK: nn.constant {value = dense<200> : tensor<2xui8>} : () -> tensor<2xui8>
// LINALG-DAG: arith.constant dense<[1.500000e+00, 0x7F800000]> : tensor<2xf32>
// LINALG-DAG: arith.constant dense<[1, 0, 1]> : tensor<3xi8>
// LINALG-DAG: arith.constant dense<-56> : tensor<2xi8>
// VALUE: 2 f32: 1.5 inf{{$}}
// VALUE: 3 bool: 1 0 1{{$}}
// VALUE: 2 u8: 200 200{{$}}
// VALUE: result3: i64: -9223372036854775808{{$}}
func.func @constant() -> (tensor<2xf32>, tensor<3xi1>, tensor<2xui8>, tensor<i64>) {
  %a = nn.constant {value = dense<[1.5, 0x7F800000]> : tensor<2xf32>} : () -> tensor<2xf32>
  %b = nn.constant {value = dense<[true, false, true]> : tensor<3xi1>} : () -> tensor<3xi1>
  %c = nn.constant {value = dense<200> : tensor<2xui8>} : () -> tensor<2xui8>
  %d = nn.constant {value = dense<-9223372036854775808> : tensor<i64>} : () -> tensor<i64>
  return %a, %b, %c, %d : tensor<2xf32>, tensor<3xi1>, tensor<2xui8>, tensor<i64>
}
