// RUN: nnc-opt --to=kernels %s | FileCheck %s

// Convolutions that follow each other are computed channels last: the image is transposed where it enters, into the
// padded tensor; each weight by a launch of its own, which depends on nothing else; what is returned where it leaves.
// Everything between, a skip, pooling and a mean too, stays in that order.

// CHECK-LABEL: func.func @network
// CHECK: sched.launch @transpose{{.*}} ins(%arg0 : tensor<2x32x28x28xf32>) outs({{.*}} : tensor<2x30x30x32xf32>)
// CHECK: %[[W1:.*]] = sched.launch @transpose{{.*}} ins(%arg1 : tensor<64x32x3x3xf32>) outs({{.*}} : tensor<3x3x32x64xf32>)
// CHECK: sched.launch @conv_relu{{.*}} %[[W1]] : tensor<2x30x30x32xf32>, tensor<3x3x32x64xf32>)
// CHECK: %[[W2:.*]] = sched.launch @transpose{{.*}} ins(%arg2 : tensor<64x64x3x3xf32>) outs({{.*}} : tensor<3x3x64x64xf32>)
// CHECK: sched.launch @conv_add{{.*}} %[[W2]], {{.*}} outs({{.*}} : tensor<2x28x28x64xf32>)
// CHECK: sched.launch @{{.*}} ins({{.*}} : tensor<2x28x28x64xf32>) outs({{.*}} : tensor<2x64xf32>)
// CHECK-NOT: sched.launch
// CHECK: return
func.func @network(%x: tensor<2x32x28x28xf32>, %w1: tensor<64x32x3x3xf32>, %w2: tensor<64x64x3x3xf32>) -> tensor<2x64xf32> {
  %0 = nn.conv %x, %w1 {stride = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x32x28x28xf32>, tensor<64x32x3x3xf32>) -> tensor<2x64x28x28xf32>
  %1 = nn.relu %0 : (tensor<2x64x28x28xf32>) -> tensor<2x64x28x28xf32>
  %2 = nn.conv %1, %w2 {stride = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<2x64x28x28xf32>
  %3 = nn.add %2, %1 : (tensor<2x64x28x28xf32>, tensor<2x64x28x28xf32>) -> tensor<2x64x28x28xf32>
  %4, %5 = nn.max_pool %3 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>} : (tensor<2x64x28x28xf32>) -> (tensor<2x64x14x14xf32>, tensor<2x64x14x14xi64>)
  %6 = nn.sum %4 {dims = array<i64: 2, 3>} : (tensor<2x64x14x14xf32>) -> tensor<2x64xf32>
  return %6 : tensor<2x64xf32>
}

// A convolution alone is, too, where that saves more than it is transposed: the copies of its windows, and of 49
// positions the quarter of a vector that they leave, but not of 784. Its result is moved back by its own tasks.

// CHECK-LABEL: func.func @alone
// CHECK: sched.launch @transpose{{.*}} outs({{.*}} : tensor<2x28x28x32xf32>)
// CHECK: sched.launch @conv_transpose{{.*}} outs({{.*}} : tensor<2x64x26x26xf32>)
// CHECK: return
func.func @alone(%x: tensor<2x32x28x28xf32>, %w: tensor<64x32x3x3xf32>) -> tensor<2x64x26x26xf32> {
  %0 = nn.conv %x, %w {stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x32x28x28xf32>, tensor<64x32x3x3xf32>) -> tensor<2x64x26x26xf32>
  return %0 : tensor<2x64x26x26xf32>
}

// CHECK-LABEL: func.func @few
// CHECK: sched.launch @transpose{{.*}} outs({{.*}} : tensor<2x7x7x512xf32>)
// CHECK: sched.launch @conv_transpose{{.*}} outs({{.*}} : tensor<2x512x7x7xf32>)
// CHECK: return
func.func @few(%x: tensor<2x512x7x7xf32>, %w: tensor<512x512x1x1xf32> {nn.frozen, nn.kind = "parameter", nn.name = "w"}) -> tensor<2x512x7x7xf32> {
  %0 = nn.conv %x, %w {stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x512x7x7xf32>, tensor<512x512x1x1xf32>) -> tensor<2x512x7x7xf32>
  return %0 : tensor<2x512x7x7xf32>
}

// The gradient of an image reads weights of one tap in the order they are given.

// CHECK-LABEL: func.func @few_gradient
// CHECK: sched.launch @transpose{{.*}} outs({{.*}} : tensor<2x7x7x512xf32>)
// CHECK: sched.launch @conv_transpose{{.*}} %arg1 : tensor<2x7x7x512xf32>, tensor<512x512x1x1xf32>) outs({{.*}} : tensor<2x512x7x7xf32>)
// CHECK: return
func.func @few_gradient(%g: tensor<2x512x7x7xf32>, %w: tensor<512x512x1x1xf32>) -> tensor<2x512x7x7xf32> {
  %0 = nn.conv_input_grad %g, %w {input_spatial = array<i64: 7, 7>, stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x512x7x7xf32>, tensor<512x512x1x1xf32>) -> tensor<2x512x7x7xf32>
  return %0 : tensor<2x512x7x7xf32>
}

// CHECK-LABEL: func.func @many
// CHECK-NOT: transpose
// CHECK: return
func.func @many(%x: tensor<2x512x28x28xf32>, %w: tensor<512x512x1x1xf32> {nn.frozen, nn.kind = "parameter", nn.name = "w"}) -> tensor<2x512x28x28xf32> {
  %0 = nn.conv %x, %w {stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x512x28x28xf32>, tensor<512x512x1x1xf32>) -> tensor<2x512x28x28xf32>
  return %0 : tensor<2x512x28x28xf32>
}

// What several convolutions make together, a strided gradient by its phases, stays.

// CHECK-LABEL: func.func @strided_gradient
// CHECK-NOT: tensor<2x14x14x64xf32>
// CHECK: return
func.func @strided_gradient(%g: tensor<2x64x14x14xf32>, %w: tensor<64x64x3x3xf32>) -> tensor<2x64x28x28xf32> {
  %0 = nn.conv_input_grad %g, %w {input_spatial = array<i64: 28, 28>, stride = array<i64: 2, 2>, padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x64x14x14xf32>, tensor<64x64x3x3xf32>) -> tensor<2x64x28x28xf32>
  return %0 : tensor<2x64x28x28xf32>
}

// Ten channels fill no vector: positions do.

// CHECK-LABEL: func.func @narrow
// CHECK-NOT: transpose
// CHECK: return
func.func @narrow(%x: tensor<2x10x28x28xf32>, %w1: tensor<10x10x3x3xf32>, %w2: tensor<10x10x3x3xf32>) -> tensor<2x10x24x24xf32> {
  %0 = nn.conv %x, %w1 {stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x10x28x28xf32>, tensor<10x10x3x3xf32>) -> tensor<2x10x26x26xf32>
  %1 = nn.relu %0 : (tensor<2x10x26x26xf32>) -> tensor<2x10x26x26xf32>
  %2 = nn.conv %1, %w2 {stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x10x26x26xf32>, tensor<10x10x3x3xf32>) -> tensor<2x10x24x24xf32>
  return %2 : tensor<2x10x24x24xf32>
}

// Gradients: that of an image is a convolution with the weights turned, in one launch; that of the weights is summed as
// (taps, input channels, output channels) and moved back by the kernel that sums it. What is flattened is in
// the order of its dimensions before.

// CHECK-LABEL: func.func @gradients
// CHECK: sched.launch @conv{{.*}} outs({{.*}} : tensor<8x30x30x64xf32>)
// CHECK: %[[W:.*]] = sched.launch @move{{.*}} ins(%arg3 : tensor<64x64x3x3xf32>) outs({{.*}} : tensor<3x3x64x64xf32>)
// CHECK: sched.launch @relu_conv_mul{{.*}} %[[W]] : tensor<8x30x30x64xf32>, tensor<8x32x32x64xf32>, tensor<3x3x64x64xf32>)
// CHECK: sched.launch @conv_transpose{{.*}} ins({{.*}} : tensor<8x30x30x64xf32>, tensor<8x28x28x64xf32>) outs({{.*}} : tensor<64x64x3x3xf32>)
// CHECK-NOT: sched.launch
// CHECK: return
func.func @gradients(%x: tensor<8x64x32x32xf32>, %g: tensor<8x64x28x28xf32>, %w1: tensor<64x64x3x3xf32>, %w2: tensor<64x64x3x3xf32>) -> (tensor<64x64x3x3xf32>, tensor<8x57600xf32>) {
  %0 = nn.conv %x, %w1 {stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<8x64x32x32xf32>, tensor<64x64x3x3xf32>) -> tensor<8x64x30x30xf32>
  %1 = nn.relu %0 : (tensor<8x64x30x30xf32>) -> tensor<8x64x30x30xf32>
  %2 = nn.conv_weight_grad %1, %g {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<8x64x30x30xf32>, tensor<8x64x28x28xf32>) -> tensor<64x64x3x3xf32>
  %3 = nn.conv_input_grad %g, %w2 {input_spatial = array<i64: 30, 30>, stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<8x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<8x64x30x30xf32>
  %4 = nn.mul %3, %1 : (tensor<8x64x30x30xf32>, tensor<8x64x30x30xf32>) -> tensor<8x64x30x30xf32>
  %5 = nn.reshape %4 : (tensor<8x64x30x30xf32>) -> tensor<8x57600xf32>
  return %2, %5 : tensor<64x64x3x3xf32>, tensor<8x57600xf32>
}

// One channel a group: the groups are the channels, and no view stands between the convolution and what follows. It is no
// reason for another order (pads.mlir), but goes along with convolutions that are.

// CHECK-LABEL: func.func @depthwise
// CHECK: sched.launch @{{.*}} ins(%{{.*}} : tensor<64x3x3xf32>) outs({{.*}} : tensor<3x3x64xf32>)
// CHECK: sched.launch @conv_relu{{.*}} tensor<3x3x64xf32>{{.*}} outs({{.*}} : tensor<1x28x28x64xf32>)
// CHECK: sched.launch @conv
// CHECK: return
func.func @depthwise(%x: tensor<1x32x32x32xf32>, %w1: tensor<64x32x3x3xf32>, %w2: tensor<64x1x3x3xf32>, %w3: tensor<32x64x1x1xf32>) -> tensor<1x32x28x28xf32> {
  %0 = nn.conv %x, %w1 {stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x32x32x32xf32>, tensor<64x32x3x3xf32>) -> tensor<1x64x30x30xf32>
  %1 = nn.conv %0, %w2 {stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 64 : i64} : (tensor<1x64x30x30xf32>, tensor<64x1x3x3xf32>) -> tensor<1x64x28x28xf32>
  %2 = nn.relu %1 : (tensor<1x64x28x28xf32>) -> tensor<1x64x28x28xf32>
  %3 = nn.conv %2, %w3 {stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x28x28xf32>, tensor<32x64x1x1xf32>) -> tensor<1x32x28x28xf32>
  return %3 : tensor<1x32x28x28xf32>
}

// The gradient of an image reads the weights as they are given, and not what was made of them for the convolution
// before; that of the weights is cut so that a task has all taps, and writes whole lines of memory.

// CHECK-LABEL: func.func @both
// CHECK: %[[W:.*]] = sched.launch @transpose{{.*}} ins(%arg2 : tensor<64x64x3x3xf32>) outs({{.*}} : tensor<3x3x64x64xf32>)
// CHECK: sched.launch @move{{.*}} ins(%arg2 : tensor<64x64x3x3xf32>) outs({{.*}} : tensor<3x3x64x64xf32>)
// CHECK: sched.launch @[[GRADIENT:conv_transpose_[0-9a-f]*]] tasks(8)
// CHECK: sched.launch @conv_transpose{{.*}} %[[W]] :
// CHECK: return
// CHECK: func.func private @[[GRADIENT]](
// CHECK-NEXT: arith.constant
// CHECK-NEXT: scf.forall {{.*}} to (64, 64, 3, 3) step (32, 16, 3, 3)
func.func @both(%x: tensor<8x64x32x32xf32>, %g: tensor<8x64x28x28xf32>, %w2: tensor<64x64x3x3xf32>, %w1: tensor<64x64x3x3xf32>) -> (tensor<8x64x28x28xf32>, tensor<64x64x3x3xf32>, tensor<64x64x3x3xf32>) {
  %0 = nn.conv %x, %w1 {stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<8x64x32x32xf32>, tensor<64x64x3x3xf32>) -> tensor<8x64x30x30xf32>
  %1 = nn.relu %0 : (tensor<8x64x30x30xf32>) -> tensor<8x64x30x30xf32>
  %2 = nn.conv %1, %w2 {stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<8x64x30x30xf32>, tensor<64x64x3x3xf32>) -> tensor<8x64x28x28xf32>
  %3 = nn.conv_weight_grad %1, %g {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<8x64x30x30xf32>, tensor<8x64x28x28xf32>) -> tensor<64x64x3x3xf32>
  %4 = nn.conv_input_grad %g, %w2 {input_spatial = array<i64: 30, 30>, stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<8x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<8x64x30x30xf32>
  %5 = nn.mul %4, %1 : (tensor<8x64x30x30xf32>, tensor<8x64x30x30xf32>) -> tensor<8x64x30x30xf32>
  %6 = nn.conv_weight_grad %x, %5 {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<8x64x32x32xf32>, tensor<8x64x30x30xf32>) -> tensor<64x64x3x3xf32>
  return %2, %3, %6 : tensor<8x64x28x28xf32>, tensor<64x64x3x3xf32>, tensor<64x64x3x3xf32>
}
