// Each level can be printed and fed back in; the end is the same.
// RUN: nnc-opt %S/../codegen/object-model.mlir --to=kernels -o %t.kernels
// RUN: FileCheck %s --check-prefix=KERNELS < %t.kernels
// RUN: nnc-opt %t.kernels --to=buffers -o %t.buffers
// RUN: FileCheck %s --check-prefix=BUFFERS < %t.buffers
// RUN: nnc-opt %S/../codegen/object-model.mlir --to=buffers | diff - %t.buffers
// RUN: nnc-opt %t.buffers --to=llvm --target=x86-64-v3 -o %t.llvm
// RUN: FileCheck %s --check-prefix=LLVM < %t.llvm
// RUN: nnc-opt %t.llvm --to=llvm | diff - %t.llvm
// RUN: nnc-opt %t.llvm --to=object --target=x86-64-v3 -o %t.o && head -c 4 %t.o | grep -q ELF
// RUN: nnc-opt %t.buffers --to=object --target=x86-64-v3 -o %t.so && nnc inspect %t.so | FileCheck %s --check-prefix=OBJECT
// RUN: not nnc-opt %t.buffers --to=linalg 2>&1 | FileCheck %s --check-prefix=BACK
// RUN: not nnc-opt %t.buffers --to=llvm --target=i486 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: nnc-opt %S/../codegen/object-model.mlir --to=kernels --no-fuse | FileCheck %s --check-prefix=ALONE

// KERNELS-LABEL: func.func @forward
// KERNELS: sched.launch @[[KERNEL:dot_bias_relu_[0-9a-f]+]]
// KERNELS-NOT: sched.launch
// KERNELS: return
// BUFFERS-LABEL: func.func @forward
// BUFFERS-SAME: sched.peak_bytes = 0
// BUFFERS: sched.launch @dot_bias_relu_{{.*}} layers ["fc", "act"]
// LLVM-DAG: llvm.func hidden @nnc.schedule.forward
// LLVM-DAG: llvm.func {{.*}}@dot_bias_relu_
// OBJECT: model: made by nnc
// BACK: error: cannot go back from level buffers to level linalg
// TARGET: error: {{.*}}target 'i486'
// ALONE-LABEL: func.func @forward
// ALONE: sched.launch @dot_
// ALONE: sched.launch @relu_
