// One way to compute a row with oneDNN: primitives in order, with the reorders between the layout that all peers are
// given and the one that a primitive wants. A row has several; the fastest counts.
#pragma once
#include "../worker/Spec.h"
#include <functional>
#include <oneapi/dnnl/dnnl.hpp>

namespace bench {

using dnnl::memory;

const dnnl::engine &engine();
dnnl::stream &stream();

/// A tensor of floats in the layout that all peers are given, row by row.
memory operand(const std::string &name, const std::vector<int64_t> &shape, double scale = 1);
memory result(const std::vector<int64_t> &shape);
/// How such a tensor is described, and one whose layout the primitive may choose.
memory::desc plain(const std::vector<int64_t> &shape);
memory::desc any(const std::vector<int64_t> &shape);

class Way {
public:
  std::string name, implementation;

  explicit Way(std::string name) : name(std::move(name)) {}
  /// What to give the primitive for `given` so that it sees `wanted`. The reorder is part of each call, unless the
  /// operand is constant: then it is done now.
  memory in(memory given, const memory::desc &wanted, bool constant = false);
  void step(dnnl::primitive primitive, std::unordered_map<int, memory> arguments);
  void step(std::function<void()> call) { steps_.push_back(std::move(call)); }
  /// A primitive of one result, which is reordered to `given` where it is not made as it should lie there.
  void step(dnnl::primitive primitive, std::unordered_map<int, memory> arguments, int resultArgument, memory given,
            const memory::desc &made);
  void run() const;

private:
  std::vector<std::function<void()>> steps_;
};

/// The ways of a row that oneDNN has, in the order in which they were added; all write the same result.
struct Ways {
  memory result;
  std::vector<Way> ways;

  explicit Ways(memory result) : result(std::move(result)) {}
  /// Nothing is added where `build` finds that oneDNN has no such primitive.
  void add(const std::string &name, const std::function<void(Way &)> &build);
  /// Times all in turns and returns the fastest.
  const Way &fastest() const;
};

Ways dotWays(const Spec &spec);
Ways convWays(const Spec &spec, bool winograd);
Ways rowWays(const Spec &spec); // softmax, layer_norm, batch_norm (training), gelu, transpose

} // namespace bench
