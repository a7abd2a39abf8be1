// The subcommands of nnc on good input.
// RUN: nnc --help | FileCheck %s --check-prefix=HELP
// RUN: for command in compile run inspect bench; do nnc $command --help | grep -q USAGE || exit 1; done
// RUN: nnc compile %S/../codegen/object-model.mlir -o %t.so --header %t.h --name net --report | FileCheck %s --check-prefix=REPORT
// RUN: FileCheck %s --check-prefix=HEADER < %t.h
// RUN: nnc inspect %t.so | FileCheck %s --check-prefix=INSPECT
// RUN: nnc bench %t.so train_step --runs 3 --threads 2 --profile | FileCheck %s --check-prefix=BENCH
// RUN: python3 -c "import struct; h=b\"{'descr': '<f4', 'fortran_order': False, 'shape': (5, 40), }\"; h+=b' '*(117-len(h))+b'\n'; open('%t.x.npy','wb').write(b'\x93NUMPY\x01\x00'+struct.pack('<H',len(h))+h+struct.pack('<200f',*[1.0]*200))"
// RUN: nnc run %t.so sums --input %t.x.npy | FileCheck %s --check-prefix=VALUES
// RUN: nnc run %t.so sums --input x=%t.x.npy --output-dir %t.out && ls %t.out | FileCheck %s --check-prefix=FILES
// RUN: nnc run %S/../codegen/object-model.mlir sums --input %t.x.npy | FileCheck %s --check-prefix=VALUES

// HELP: usage: nnc <command> [options]
// HELP: compile  Compile a module to a shared object
// REPORT: kernels
// REPORT: buffers
// REPORT: code
// REPORT: dot_bias_relu_{{[0-9a-f]+}} {{ *}}x86-64-v4
// HEADER: typedef struct net_weights {
// HEADER: const float *fc_weight; /* fc.weight: 96x32 f32 */
// HEADER: int32_t net_forward(const net_weights *weights, const float x[64][96], float y[64][32], void *workspace);
// HEADER: typedef struct net_train_step_state {
// HEADER: float *fc_weight; /* fc.weight: 96x32 f32 */
// HEADER: int64_t *step; /* step: i64 */
// HEADER: int32_t net_train_step(const net_train_step_state *state, const float x[64][96], const float target[64][32], float lr, float *loss, void *workspace);
// INSPECT: net: made by nnc {{.*}} for x86-64-v4, x86-64-v3
// INSPECT: weights:
// INSPECT: fc.weight: 96x32 f32
// INSPECT: function train_step
// INSPECT: scalar    lr: f32
// INSPECT: step      step: i64, updated
// INSPECT: memory: workspace
// INSPECT: launches:
// INSPECT: dot_{{.*}} (fc{{.*}})
// INSPECT: function sums
// BENCH: train_step: median {{.*}} us
// BENCH: us a call
// VALUES: all: 5x40 f32: 1.9375 1.9375
// VALUES: last: 40 f32: 1.9375 1.9375
// FILES: all.npy
// FILES: last.npy

// Numbers in the place of a file: as many as the input has, or one for all.
// RUN: nnc run %S/../codegen/object-model.mlir sums --input x=1 | FileCheck %s --check-prefix=VALUES
