// Text that would overflow the parser's or the printer's stack is refused with a message.
// RUN: python3 -c 'print("func.func @f() attributes {a = " + "[" * 100000 + "]" * 100000 + "} { return }")' > %t.brackets
// RUN: not nnc-opt %t.brackets 2>&1 | FileCheck %s --check-prefix=NESTED
// RUN: python3 -c 'print("#m = affine_map<(d) -> (" + "-" * 100000 + "d)>")' > %t.minus
// RUN: not nnc-opt %t.minus 2>&1 | FileCheck %s --check-prefix=LONG
// RUN: python3 -c 'print("#a0 = [1]\n" + "\n".join(f"#a{i+1} = [#a{i}]" for i in range(100000)) + "\nfunc.func private @f() attributes {a = #a100000}")' > %t.aliases
// RUN: not nnc-opt %t.aliases 2>&1 | FileCheck %s --check-prefix=NESTED
// RUN: python3 -c 'print("#a0 = [1]\n" + "\n".join(f"#a{i+1} = [#a{i}, #a{i}]" for i in range(100)) + "\nfunc.func private @f() attributes {a = #a100}")' > %t.doubling
// RUN: not nnc-opt %t.doubling 2>&1 | FileCheck %s --check-prefix=EXPAND
// RUN: python3 -c 'print("func.func @f() {" + "scf.execute_region {" * 10000)' > %t.regions
// RUN: not nnc-opt %t.regions 2>&1 | FileCheck %s --check-prefix=NESTED
// RUN: for seed in $(seq 20); do \
// RUN:   python3 -c "import random; random.seed($seed); open('%t.random', 'wb').write(random.randbytes(20000))"; \
// RUN:   not nnc-opt %t.random > /dev/null 2>&1 || exit 1; done
// RUN: printf 'func.func @f() attributes {a = dense<"0x00' > %t.cut
// RUN: not nnc-opt %t.cut 2>&1 | FileCheck %s --check-prefix=CUT

// NESTED: error: nested more than 256 deep
// LONG: error: expression of more than 16384 characters
// EXPAND: error: aliases expand to more than 1073741824 characters
// CUT: error:
