// Values and gradients of functions of tensors, through a path of its own: the graph is lowered to linalg, and from
// there taken by upstream's bufferization, plain loops and libm to LLVM's JIT. Nothing is fused, vectorised, tiled or
// planned, so this is also the "no optimisation" side of tests that compare two ways through the compiler.
//
//   auto f = [](auto x) { return std::vector{matmul(x[0], x[1])}; };
//   CHECK(evaluate(f, {f64({2, 2}, {1, 2, 3, 4}), ones})[0].values == std::vector<double>{3, 3, 7, 7});
//   checkGradients(f, {random({2, 3}), random({3, 4}, 2)});
#pragma once
#include "nnc/ir/Tensor.h"
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mlir {
class MLIRContext;
}

namespace nnc::test {

/// A tensor's data. Numbers of every element type are held as doubles (an i64 beyond 2^53 loses bits).
struct Data {
  DType type = DType::f64;
  Shape shape;
  std::vector<double> values;
};
Data f64(Shape shape, std::vector<double> values);
Data f32(Shape shape, std::vector<double> values);
Data i64(Shape shape, std::vector<double> values);
Data i32(Shape shape, std::vector<double> values);
Data boolean(Shape shape, std::vector<double> values);
/// f64 values evenly spread over [low, high), the same for every run.
Data random(Shape shape, unsigned seed = 1, double low = -1, double high = 1);

using Function = std::function<std::vector<Tensor>(std::vector<Tensor>)>;

/// The context all of these use; every dialect is loaded.
mlir::MLIRContext &context();
/// A graph as text: the function `main` whose arguments have the inputs' types.
std::string trace(const Function &function, const std::vector<Data> &inputs);

/// A function compiled once, to be called many times. Compiling and calling throw nnc::Error for what a user could get
/// wrong: a broken shape rule, an index out of range. Arguments of a call must have the types that were given first.
class Compiled {
public:
  Compiled(const Function &function, const std::vector<Data> &inputs);
  /// The first function of a module's text, at level graph or linalg.
  explicit Compiled(const std::string &text);
  ~Compiled();
  std::vector<Data> operator()(const std::vector<Data> &inputs) const;

private:
  struct State;
  std::unique_ptr<State> state;
};
std::vector<Data> evaluate(const Function &function, const std::vector<Data> &inputs);

/// The same through the compiler proper: simplified, fused (or every op a kernel of its own), planned, vectorised.
std::vector<Data> compileAndRun(const Function &function, const std::vector<Data> &inputs, bool fuse = true);
/// The module at level buffers, as text: which kernels are launched, and where they read and write.
std::string schedule(const Function &function, const std::vector<Data> &inputs);
/// Compares the reference path with the compiler, and for every third call with the compiler without fusion, which is
/// enough over a table. They add in different orders and have functions of their own, so floats differ by roundings:
/// `tolerance` of |expected| + 1. All else is the same. Gives what the reference path computed.
std::vector<Data> checkWays(const Function &function, const std::vector<Data> &inputs, double tolerance = 1e-13);

struct GradientOptions {
  /// Which inputs; by default every one of a float type.
  std::vector<size_t> of;
  /// Also the gradients' own gradients.
  bool second = true;
  /// A gradient that is all zero is wrong, unless this is set.
  bool mayBeZero = false;
  double step = 1e-5, tolerance = 1e-7; // of |expected| + 1
};
/// The gradients of a weighted sum of the function's float results.
Function gradientOf(const Function &function, std::vector<size_t> of);
/// Compares passes::differentiate with central finite differences in f64: a failing Catch check names input and
/// element.
void checkGradients(const Function &function, const std::vector<Data> &inputs, const GradientOptions &options = {});
/// Fails the running test unless both have the same types, shapes and nearly the same values (NaN equals NaN).
void checkClose(const Data &got, const Data &expected, double tolerance = 1e-12);
/// The message of the nnc::Error that building the function throws, without the place before `error: `; empty if none.
std::string errorOf(const Function &function, const std::vector<Data> &inputs);

} // namespace nnc::test
