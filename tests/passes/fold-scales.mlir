// RUN: nnc-opt %s --nnc-fold-scales --nnc-simplify | FileCheck %s

// A convolution with a bias and a batch norm of running statistics: a convolution of other weights with another bias.
// CHECK-LABEL: func.func @norm
// CHECK-SAME: (%[[X:[a-z0-9]+]]: {{[^,]*}}, %[[W:[a-z0-9]+]]: {{[^,]*}}{nn.frozen},
// CHECK: %[[S:.*]] = nn.broadcast {{.*}} {dims = array<i64: 0>} : (tensor<6xf32>) -> tensor<6x3x3x3xf32>
// CHECK: %[[V:.*]] = nn.mul %[[W]], %[[S]] : (tensor<6x3x3x3xf32>
// CHECK: %[[Y:.*]] = nn.conv %[[X]], %[[V]]
// CHECK-NEXT: %[[T:.*]] = nn.broadcast {{.*}} {dims = array<i64: 1>} : (tensor<6xf32>) -> tensor<8x6x7x7xf32>
// CHECK-NEXT: %[[Z:.*]] = nn.add %[[Y]], %[[T]]
// CHECK-NEXT: nn.relu %[[Z]]
func.func @norm(%x: tensor<8x3x9x9xf32>, %w: tensor<6x3x3x3xf32> {nn.frozen}, %b: tensor<6xf32> {nn.frozen},
                %mean: tensor<6xf32> {nn.frozen}, %var: tensor<6xf32> {nn.frozen}, %gain: tensor<6xf32> {nn.frozen},
                %bias: tensor<6xf32> {nn.frozen}) -> tensor<8x6x7x7xf32> {
  %0 = nn.conv %x, %w {dilation = array<i64: 1, 1>, groups = 1 : i64, padding_high = array<i64: 0, 0>, padding_low = array<i64: 0, 0>, stride = array<i64: 1, 1>} : (tensor<8x3x9x9xf32>, tensor<6x3x3x3xf32>) -> tensor<8x6x7x7xf32>
  %b1 = nn.broadcast %b {dims = array<i64: 1>} : (tensor<6xf32>) -> tensor<8x6x7x7xf32>
  %1 = nn.add %0, %b1 : (tensor<8x6x7x7xf32>, tensor<8x6x7x7xf32>) -> tensor<8x6x7x7xf32>
  %m0 = nn.reshape %mean : (tensor<6xf32>) -> tensor<6x1xf32>
  %m2 = nn.reshape %m0 : (tensor<6x1xf32>) -> tensor<6xf32>
  %m1 = nn.broadcast %m2 {dims = array<i64: 1>} : (tensor<6xf32>) -> tensor<8x6x7x7xf32>
  %2 = nn.sub %1, %m1 : (tensor<8x6x7x7xf32>, tensor<8x6x7x7xf32>) -> tensor<8x6x7x7xf32>
  %r = nn.rsqrt %var : (tensor<6xf32>) -> tensor<6xf32>
  %r1 = nn.broadcast %r {dims = array<i64: 1>} : (tensor<6xf32>) -> tensor<8x6x7x7xf32>
  %3 = nn.mul %2, %r1 : (tensor<8x6x7x7xf32>, tensor<8x6x7x7xf32>) -> tensor<8x6x7x7xf32>
  %g1 = nn.broadcast %gain {dims = array<i64: 1>} : (tensor<6xf32>) -> tensor<8x6x7x7xf32>
  %4 = nn.mul %3, %g1 : (tensor<8x6x7x7xf32>, tensor<8x6x7x7xf32>) -> tensor<8x6x7x7xf32>
  %c1 = nn.broadcast %bias {dims = array<i64: 1>} : (tensor<6xf32>) -> tensor<8x6x7x7xf32>
  %5 = nn.add %4, %c1 : (tensor<8x6x7x7xf32>, tensor<8x6x7x7xf32>) -> tensor<8x6x7x7xf32>
  %6 = nn.relu %5 : (tensor<8x6x7x7xf32>) -> tensor<8x6x7x7xf32>
  return %6 : tensor<8x6x7x7xf32>
}

// A product, scaled along its own columns; what scales rows is no matter of the weight's.
// CHECK-LABEL: func.func @columns
// CHECK: nn.mul {{.*}} : (tensor<4x5xf32>
// CHECK: nn.dot
// CHECK-NEXT: return
func.func @columns(%x: tensor<3x5xf32>, %w: tensor<4x5xf32> {nn.frozen}, %s: tensor<4xf32> {nn.frozen}) -> tensor<3x4xf32> {
  %0 = nn.dot %x, %w {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 1>} : (tensor<3x5xf32>, tensor<4x5xf32>) -> tensor<3x4xf32>
  %1 = nn.broadcast %s {dims = array<i64: 1>} : (tensor<4xf32>) -> tensor<3x4xf32>
  %2 = nn.mul %0, %1 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %2 : tensor<3x4xf32>
}
// CHECK-LABEL: func.func @rows
// CHECK: nn.dot
// CHECK: nn.mul {{.*}} : (tensor<3x4xf32>
func.func @rows(%x: tensor<3x5xf32>, %w: tensor<4x5xf32> {nn.frozen}, %s: tensor<3xf32> {nn.frozen}) -> tensor<3x4xf32> {
  %0 = nn.dot %x, %w {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 1>} : (tensor<3x5xf32>, tensor<4x5xf32>) -> tensor<3x4xf32>
  %1 = nn.broadcast %s {dims = array<i64: 0>} : (tensor<3xf32>) -> tensor<3x4xf32>
  %2 = nn.mul %0, %1 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %2 : tensor<3x4xf32>
}

// Not what others read as well, what is not frozen, or what is a bias already.
// CHECK-LABEL: func.func @read_twice
// CHECK: nn.dot %arg0, %arg1
// CHECK: nn.mul
func.func @read_twice(%x: tensor<3x5xf32>, %w: tensor<4x5xf32> {nn.frozen}, %s: tensor<4xf32> {nn.frozen}) -> (tensor<3x4xf32>, tensor<3x4xf32>) {
  %0 = nn.dot %x, %w {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 1>} : (tensor<3x5xf32>, tensor<4x5xf32>) -> tensor<3x4xf32>
  %1 = nn.broadcast %s {dims = array<i64: 1>} : (tensor<4xf32>) -> tensor<3x4xf32>
  %2 = nn.mul %0, %1 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %0, %2 : tensor<3x4xf32>, tensor<3x4xf32>
}
// CHECK-LABEL: func.func @not_frozen
// CHECK: nn.dot %arg0, %arg1
// CHECK: nn.mul
func.func @not_frozen(%x: tensor<3x5xf32>, %w: tensor<4x5xf32> {nn.frozen}, %s: tensor<4xf32>) -> tensor<3x4xf32> {
  %0 = nn.dot %x, %w {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 1>} : (tensor<3x5xf32>, tensor<4x5xf32>) -> tensor<3x4xf32>
  %1 = nn.broadcast %s {dims = array<i64: 1>} : (tensor<4xf32>) -> tensor<3x4xf32>
  %2 = nn.mul %0, %1 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %2 : tensor<3x4xf32>
}
// CHECK-LABEL: func.func @bias
// CHECK: nn.dot %arg0, %arg1
// CHECK: nn.add
func.func @bias(%x: tensor<3x5xf32>, %w: tensor<4x5xf32> {nn.frozen}, %s: tensor<4xf32> {nn.frozen}) -> tensor<3x4xf32> {
  %0 = nn.dot %x, %w {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 1>} : (tensor<3x5xf32>, tensor<4x5xf32>) -> tensor<3x4xf32>
  %1 = nn.broadcast %s {dims = array<i64: 1>} : (tensor<4xf32>) -> tensor<3x4xf32>
  %2 = nn.add %0, %1 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %2 : tensor<3x4xf32>
}
