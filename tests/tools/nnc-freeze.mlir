// nnc with frozen weights: compile embeds what is prepared of a file's, run and bench do the same with a module.
// RUN: python3 -c "import struct,json; w=[0.5,1.0,1.5,2.0]; h=json.dumps({'w':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}}).encode(); open('%t.safetensors','wb').write(struct.pack('<Q',len(h))+h+struct.pack('<4f',*w))"
// RUN: nnc compile %s -o %t.so --name net --weights %t.safetensors --freeze
// RUN: nnc inspect %t.so | FileCheck %s --check-prefix=INSPECT
// RUN: nnc run %t.so --input x=2 | FileCheck %s --check-prefix=VALUES
// RUN: nnc run %s --freeze --weights %t.safetensors --input x=2 | FileCheck %s --check-prefix=VALUES
// RUN: nnc run %s --weights %t.safetensors --input x=2 | FileCheck %s --check-prefix=VALUES
// RUN: nnc bench %s --freeze --runs 3 --threads 1 --profile | FileCheck %s --check-prefix=BENCH
// RUN: not nnc compile %s -o %t.so --freeze 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not nnc run %s --freeze --input x=2 2>&1 | FileCheck %s --check-prefix=GIVE

// INSPECT: weights: 16 B
// INSPECT-NEXT: w.prepared: 4 f32, embedded, constant
// INSPECT: function forward
// INSPECT-NEXT: input     x: 4 f32
// INSPECT-NEXT: constant  w.prepared: 4 f32
// INSPECT: with arguments and results 48 B
// INSPECT-NOT: exp
// VALUES: result: 4 f32: 3.2974
// BENCH: forward: median
// BENCH-NOT: exp
// NONE: --freeze: expected --weights, whose values are put into the object
// GIVE: constant 'w.prepared' has no value: give --weights
func.func @forward(%x: tensor<4xf32> {nn.name = "x"}, %w: tensor<4xf32> {nn.name = "w", nn.kind = "parameter"}) -> tensor<4xf32> {
  %e = nn.exp %w : (tensor<4xf32>) -> tensor<4xf32>
  %y = nn.mul %x, %e : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
