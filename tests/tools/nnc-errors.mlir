// The messages of nnc, and that it fails.
// RUN: not nnc 2>&1 | FileCheck %s --check-prefix=USAGE
// RUN: not nnc explode 2>&1 | FileCheck %s --check-prefix=COMMAND
// RUN: not nnc compile 2>&1 | FileCheck %s --check-prefix=POSITIONAL
// RUN: not nnc compile %t.missing -o %t.so 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: echo 'func.func @f(' > %t.bad && not nnc compile %t.bad -o %t.so 2>&1 | FileCheck %s --check-prefix=SYNTAX
// RUN: not nnc compile %S/../codegen/object-model.mlir -o %t.so --target i486 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not nnc compile %S/../codegen/object-model.mlir -o /no/such/folder/x.so 2>&1 | FileCheck %s --check-prefix=FOLDER
// RUN: rm -f %t.pipe && mkfifo %t.pipe && (cat %t.pipe > %t.piped &) && nnc compile %S/../codegen/object-model.mlir -o %t.pipe && test -p %t.pipe
// RUN: not nnc compile %S/../codegen/object-model.mlir -o %t.so --header /dev/full 2>&1 | FileCheck %s --check-prefix=HEADER
// RUN: nnc compile %S/../codegen/object-model.mlir -o %t.whole.so && head -c 20000 %t.whole.so > %t.cut.so && not nnc inspect %t.cut.so 2>&1 | FileCheck %s --check-prefix=CUT
// RUN: not nnc run %t.whole.so sums --threads -3 2>&1 | FileCheck %s --check-prefix=THREADS
// RUN: echo nonsense > %t.safetensors
// RUN: not nnc compile %S/../codegen/object-model.mlir -o %t.so --weights %t.safetensors 2>&1 | FileCheck %s --check-prefix=WEIGHTS
// RUN: not nnc run %S/../codegen/object-model.mlir nothing 2>&1 | FileCheck %s --check-prefix=FUNCTION
// RUN: not nnc run %S/../codegen/object-model.mlir forward 2>&1 | FileCheck %s --check-prefix=STATE
// RUN: not nnc run %S/../codegen/object-model.mlir sums 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: not nnc run %S/../codegen/object-model.mlir sums --input 1,2 2>&1 | FileCheck %s --check-prefix=COUNT
// RUN: not nnc run %S/../ops/rem.mlir rem --input 1.5 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: not nnc run %S/../codegen/object-model.mlir sums --input 1,,2 2>&1 | FileCheck %s --check-prefix=COMMAS
// RUN: not nnc run %S/../codegen/object-model.mlir sums --input %t.bad 2>&1 | FileCheck %s --check-prefix=NPY
// RUN: echo text > %t.fake.so && not nnc inspect %t.fake.so 2>&1 | FileCheck %s --check-prefix=FAKE
// RUN: not nnc bench %S/../codegen/object-model.mlir sums --runs 0 2>&1 | FileCheck %s --check-prefix=RUNS
// RUN: not nnc bench %t.so --nonsense 2>&1 | FileCheck %s --check-prefix=OPTION

// USAGE: usage: nnc <command> [options]
// COMMAND: nnc: error: unknown command 'explode': expected compile, run, inspect or bench
// POSITIONAL: Not enough positional command line arguments
// MISSING: nnc: error: cannot read '{{.*}}.missing': No such file or directory
// SYNTAX: {{.*}}.bad:1:14: error: expected non-function type
// TARGET: nnc: error: {{.*}}target 'i486'
// FOLDER: nnc: error: /no/such/folder/x.so: cannot write: No such file or directory
// HEADER: nnc: error: /dev/full: cannot write: No space left on device
// CUT: nnc: error: {{.*}}.cut.so: cannot load: truncated: the object takes at least {{[0-9]+}} bytes, the file has 20000
// THREADS: nnc: error: --threads: expected at least 0, got -3
// WEIGHTS: nnc: error: {{.*}}.safetensors: {{.*}}
// FUNCTION: nnc: error: model: no function 'nothing', there are: forward, train_step, sums, pick
// STATE: nnc: error: parameter 'fc.weight' has no value: give --weights
// INPUT: nnc: error: input 'x' (5x40 f32) is missing: give --input
// COUNT: nnc: error: input 'x' (5x40 f32): expected 200 numbers, got 2
// NUMBER: nnc: error: input 'arg0': expected numbers of 5 i64, got 1.5
// COMMAS: nnc: error: 1,,2: cannot open: No such file or directory
// NPY: nnc: error: {{.*}}.bad: {{.*}}
// FAKE: nnc: error: {{.*}}.fake.so: cannot load: {{.*}}
// RUNS: nnc: error: --runs: expected at least 1
// OPTION: Unknown command line argument '--nonsense'
