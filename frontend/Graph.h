// Tracing: a function of tensors is called once, on symbols, and what it does becomes a graph. State (parameters,
// buffers, moments of an optimizer, a learning rate) lives in Variables outside; a graph that uses one gets an argument
// for it, and a graph that updates one gets a result that is its new value.
#pragma once
#include "nnc/frontend/Array.h"
#include "nnc/ir/ops/Vocabulary.h"
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace nnc {

/// What a variable is to a model; the same words as in the C ABI (runtime/abi.h).
enum class Kind { parameter, buffer, optimizer, scalar, seed, step };

struct Variable {
  Array value;
  Kind kind = Kind::parameter;
  std::string name; // used where a graph is not given a better one
  bool requiresGrad = true;
};
using VariableRef = std::shared_ptr<Variable>;

/// Type and shape of an input, with a name for the compiled function's signature ("x0", "x1", ... by default).
struct Spec {
  DType type = DType::f32;
  Shape shape;
  std::string name;
};
inline Spec f32(Shape shape, std::string name = "") { return {DType::f32, std::move(shape), std::move(name)}; }
inline Spec f64(Shape shape, std::string name = "") { return {DType::f64, std::move(shape), std::move(name)}; }
inline Spec i64(Shape shape, std::string name = "") { return {DType::i64, std::move(shape), std::move(name)}; }
inline Spec i32(Shape shape, std::string name = "") { return {DType::i32, std::move(shape), std::move(name)}; }
inline Spec u8(Shape shape, std::string name = "") { return {DType::u8, std::move(shape), std::move(name)}; }
inline Spec i1(Shape shape, std::string name = "") { return {DType::i1, std::move(shape), std::move(name)}; }

using TensorFunction = std::function<std::vector<Tensor>(const std::vector<Tensor> &)>;

/// Names of variables in a graph: a module gives its dotted names.
using VariableNames = std::map<const Variable *, std::string>;

struct TraceOptions {
  std::string name = "forward"; // of the compiled function
  VariableNames names = {};
  std::vector<std::string> outputs = {}; // names of the results; "y0", "y1", ... where missing
  /// Where random numbers come from; by default the process's seed (manual_seed) and a step of the graph's own.
  VariableRef seed = {}, step = {};
};

/// The graph being traced on this thread. Layers and optimizers use it; models need not.
class Graph {
public:
  static bool active();
  static Graph &current(); // throws where nothing is traced

  /// The variable's value at this point of the program: its argument, or what it was last updated with.
  virtual Tensor use(const VariableRef &variable) = 0;
  /// From here on the variable has this value; it is written back when the compiled function has run.
  virtual void update(const VariableRef &variable, Tensor value) = 0;
  /// Whether the variable was used or updated so far.
  virtual bool uses(const VariableRef &variable) const = 0;
  /// Seed and step, as arguments. A graph that uses them advances the step by one.
  virtual RandomState random() = 0;
  /// A number no other use of random numbers in this graph has.
  virtual int64_t nextStream() = 0;

protected:
  virtual ~Graph() = default;
};

/// The gradients of a scalar with respect to values it depends on (zeros where it does not).
std::vector<Tensor> grad(Tensor loss, const std::vector<Tensor> &wrt, Where where = Where::current());
/// The same for any outputs, given their cotangents: the vector-Jacobian product.
std::vector<Tensor> vjp(const std::vector<Tensor> &outputs, const std::vector<Tensor> &cotangents,
                        const std::vector<Tensor> &wrt, Where where = Where::current());

/// Seed of graphs that are given none, and of initialisers.
void manual_seed(uint64_t seed);
uint64_t initialSeed();

/// A traced function: its graph, and the variables it is bound to.
class Traced {
public:
  const std::string &name() const;
  const std::vector<Spec> &inputs() const;
  const std::vector<Spec> &outputs() const;
  const std::vector<VariableRef> &variables() const;
  /// Their names in the signature, in the same order.
  const std::vector<std::string> &variableNames() const;
  /// The graph as text of the nn dialect.
  std::string text() const;

  struct Impl;
  explicit Traced(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl &impl() const { return *impl_; }

private:
  std::shared_ptr<const Impl> impl_;
};

Traced trace(const TensorFunction &function, std::vector<Spec> inputs, TraceOptions options = {});

namespace detail {
inline std::vector<Tensor> asVector(Tensor y) { return {y}; }
inline std::vector<Tensor> asVector(std::vector<Tensor> ys) { return ys; }
template <class... T> std::vector<Tensor> asVector(std::tuple<T...> ys);
template <class A, class B> std::vector<Tensor> asVector(std::pair<A, B> ys) { return asVector(std::tuple<A, B>(ys)); }
template <class... T> std::vector<Tensor> asVector(std::tuple<T...> ys) {
  std::vector<Tensor> all;
  auto append = [&](std::vector<Tensor> some) { all.insert(all.end(), some.begin(), some.end()); };
  std::apply([&](auto... y) { (append(asVector(y)), ...); }, ys);
  return all;
}
[[noreturn]] void wrongInputCount(size_t expected, size_t got);

/// Calls a function of tensors; a module is told who called it.
template <class F, class... T> decltype(auto) callAt(F &function, Where where, T... x) {
  if constexpr (requires { typename F::LocatedCall; } && std::is_invocable_v<F &, T..., Where>)
    return function(x..., where);
  else
    return function(x...);
}

template <class F, size_t... I> TensorFunction ofArity(F function, Where where, std::index_sequence<I...>) {
  return [function, where](const std::vector<Tensor> &x) mutable {
    if (x.size() != sizeof...(I))
      wrongInputCount(sizeof...(I), x.size());
    return asVector(callAt(function, where, x[I]...));
  };
}
template <size_t> using TensorAt = Tensor;
template <class F, size_t... I> constexpr bool takes(std::index_sequence<I...>) {
  return std::is_invocable_v<F &, TensorAt<I>...>;
}
} // namespace detail

/// Any callable of up to eight tensors, or of a vector of them, that returns a tensor, or a vector, pair or tuple of
/// them, nested or not. `where` is the place that errors of a module as a whole name.
template <class F> TensorFunction asTensorFunction(F function, Where where = Where::current()) {
  if constexpr (std::is_invocable_v<F &, const std::vector<Tensor> &>)
    return [function, where](const std::vector<Tensor> &x) mutable {
      return detail::asVector(detail::callAt(function, where, x));
    };
#define NNC_ARITY(n)                                                                                                   \
  else if constexpr (detail::takes<F>(std::make_index_sequence<n>())) return detail::ofArity(                          \
      function, where, std::make_index_sequence<n>());
  NNC_ARITY(1)
  NNC_ARITY(2)
  NNC_ARITY(3)
  NNC_ARITY(4)
  NNC_ARITY(5)
  NNC_ARITY(6)
  NNC_ARITY(7)
  NNC_ARITY(8)
  NNC_ARITY(0)
#undef NNC_ARITY
  else static_assert(sizeof(F) == 0, "expected a callable of zero to eight tensors or of a vector of tensors");
}

template <class F>
  requires(!std::convertible_to<F, const TensorFunction &>)
Traced trace(F function, std::vector<Spec> inputs, TraceOptions options = {}, Where where = Where::current()) {
  return trace(asTensorFunction(std::move(function), where), std::move(inputs), std::move(options));
}

} // namespace nnc
