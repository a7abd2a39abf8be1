// Modules that no stage should meet: each is refused where it stands, before anything is lowered.
// RUN: nnc-opt %s --to=kernels --split-input-file --verify-diagnostics
// RUN: echo 'llvm.func @f() { llvm.inline_asm "syscall", "" : () -> () llvm.return }' > %t.asm
// RUN: not nnc-opt %t.asm --to=object -o %t.o 2>&1 | FileCheck %s --check-prefix=ASM
// RUN: printf 'ML\357R' > %t.bytecode && not nnc-opt %t.bytecode 2>&1 | FileCheck %s --check-prefix=BYTECODE
// RUN: not nnc compile %t.bytecode -o %t.so 2>&1 | FileCheck %s --check-prefix=BYTECODE
// RUN: echo > %t.empty && not nnc compile %t.empty -o %t.so 2>&1 | FileCheck %s --check-prefix=EMPTY

// ASM: error: {{.*}}inline assembly
// BYTECODE: error: expected text, got MLIR bytecode
// EMPTY: error: expected at least one public function

// expected-error @below {{argument 0: expected a tensor of static shape, got 'tensor<*xf32>'}}
func.func @unranked(%x: tensor<*xf32>) -> tensor<*xf32> {
  return %x : tensor<*xf32>
}

// -----

// expected-error @below {{argument 'x': expected a tensor of static shape, got 'tensor<?x3xf32>'}}
func.func @dynamic(%x: tensor<?x3xf32> {nn.name = "x"}) {
  return
}

// -----

// expected-error @below {{argument 0: expected a tensor of static shape, got 'f32'}}
func.func @scalar(%x: f32) -> f32 {
  return %x : f32
}

// -----

// expected-error @below {{argument 0: expected a tensor of static shape, got 'memref<4xf32>'}}
func.func @memref(%x: memref<4xf32>) {
  return
}

// -----

// expected-error @below {{argument 0: expected elements of f32, f64, bf16, f16, i64, i32, i8, ui8 or i1, got 'tensor<4xcomplex<f32>>'}}
func.func @complex(%x: tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>> {
  return %x : tensor<4xcomplex<f32>>
}

// -----

// expected-error @below {{argument 0: expected elements of f32, f64, bf16, f16, i64, i32, i8, ui8 or i1, got 'tensor<4xi3>'}}
func.func @odd(%x: tensor<4xi3>) -> tensor<4xi3> {
  return %x : tensor<4xi3>
}

// -----

// expected-error @below {{argument 0: expected at most 8796093022208 bytes, got 'tensor<1099511627776x1099511627776xf32>'}}
func.func @huge(%x: tensor<1099511627776x1099511627776xf32>) -> tensor<1099511627776x1099511627776xf32> {
  return %x : tensor<1099511627776x1099511627776xf32>
}

// -----

func.func @grows(%x: tensor<1xf32>) -> tensor<f32> {
  %c = arith.constant 1.0 : f32
  // expected-error @below {{'tensor.splat': result: expected at most 8796093022208 bytes, got 'tensor<9223372036854775807xf32>'}}
  %y = tensor.splat %c : tensor<9223372036854775807xf32>
  %z = tensor.collapse_shape %x [] : tensor<1xf32> into tensor<f32>
  return %z : tensor<f32>
}

// -----

// expected-error @below {{function 'declared': expected a body, got a declaration}}
func.func private @declared(tensor<4xf32>) -> tensor<4xf32>

// -----

// expected-error @below {{function 'blocks': expected one block, since no control flow depends on data, got 2}}
func.func @blocks(%x: tensor<4xf32>) -> tensor<4xf32> {
  cf.br ^end
^end:
  return %x : tensor<4xf32>
}

// -----

func.func @calls(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'func.call': expected functions that call no others}}
  %y = func.call @calls(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @branch(%x: tensor<4xf32>) -> tensor<4xf32> {
  %true = arith.constant true
  %y = scf.if %true -> tensor<4xf32> {
    // expected-error @below {{'nn.tanh': expected in a function or in nn.scan, got it in 'scf.if'}}
    %z = nn.tanh %x : (tensor<4xf32>) -> tensor<4xf32>
    scf.yield %z : tensor<4xf32>
  } else {
    scf.yield %x : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

module {
  // expected-error @below {{expected functions, got a module in a module}}
  module {
    func.func @inner(%x: tensor<4xf32>) -> tensor<4xf32> {
      return %x : tensor<4xf32>
    }
  }
}

// -----

// expected-error @below {{arguments 0 and 1: expected different names, got "x" twice}}
func.func @twice(%x: tensor<4xf32> {nn.name = "x"}, %y: tensor<4xf32> {nn.name = "x"}) {
  return
}

// -----

// expected-error @below {{argument 0: nn.name: expected a name, got 3 : i32}}
func.func @name(%x: tensor<4xf32> {nn.name = 3 : i32}) {
  return
}

// -----

// expected-error @below {{argument 'x': nn.kind: expected a string, got 4 : i64}}
func.func @kind(%x: tensor<4xf32> {nn.name = "x", nn.kind = 4}) {
  return
}

// -----

// expected-error @below {{result 0: nn.updates: expected the number of an argument below 1 as an i64, got 7 : i64}}
func.func @beyond(%x: tensor<4xf32>) -> (tensor<4xf32> {nn.updates = 7}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{result 0: nn.updates: expected the number of an argument below 1 as an i64, got -1 : i64}}
func.func @negative(%x: tensor<4xf32>) -> (tensor<4xf32> {nn.updates = -1}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{result 0: nn.updates: expected the number of an argument below 1 as an i64, got "x"}}
func.func @word(%x: tensor<4xf32>) -> (tensor<4xf32> {nn.updates = "x"}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{result 0: nn.updates: expected 'tensor<5xf32>' as argument 1, got 'tensor<4xf32>'}}
func.func @unlike(%x: tensor<4xf32>, %y: tensor<5xf32>) -> (tensor<4xf32> {nn.updates = 1}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{results 0 and 1: expected one to update argument 0, got both}}
func.func @both(%x: tensor<4xf32>) -> (tensor<4xf32> {nn.updates = 0}, tensor<4xf32> {nn.updates = 0}) {
  return %x, %x : tensor<4xf32>, tensor<4xf32>
}
