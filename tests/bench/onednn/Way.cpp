#include "Way.h"
#include "../worker/Numbers.h"
#include <chrono>
#include <limits>
#include <numeric>

namespace bench {

const dnnl::engine &engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}
dnnl::stream &stream() {
  static dnnl::stream only(engine());
  return only;
}

memory::desc plain(const std::vector<int64_t> &shape) {
  memory::dims strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return {shape, memory::data_type::f32, strides};
}
memory::desc any(const std::vector<int64_t> &shape) { return {shape, memory::data_type::f32, memory::format_tag::any}; }
memory operand(const std::string &name, const std::vector<int64_t> &shape, double scale) {
  memory made = result(shape);
  uniform(name, {static_cast<float *>(made.get_data_handle()), made.get_desc().get_size() / sizeof(float)}, scale);
  return made;
}
memory result(const std::vector<int64_t> &shape) { return memory(plain(shape), engine()); }

memory Way::in(memory given, const memory::desc &wanted, bool constant) {
  if (given.get_desc() == wanted)
    return given;
  memory copy(wanted, engine());
  dnnl::reorder reorder(given, copy);
  if (constant)
    reorder.execute(stream(), given, copy), stream().wait();
  else
    step(reorder, {{DNNL_ARG_FROM, given}, {DNNL_ARG_TO, copy}});
  return copy;
}
void Way::step(dnnl::primitive primitive, std::unordered_map<int, memory> arguments) {
  step([primitive, arguments] { primitive.execute(stream(), arguments); });
}
void Way::step(dnnl::primitive primitive, std::unordered_map<int, memory> arguments, int resultArgument, memory given,
               const memory::desc &made) {
  bool there = given.get_desc() == made;
  memory target = there ? given : memory(made, engine());
  arguments[resultArgument] = target;
  step(primitive, arguments);
  if (!there)
    step(dnnl::reorder(target, given), {{DNNL_ARG_FROM, target}, {DNNL_ARG_TO, given}});
}
void Way::run() const {
  for (auto &step : steps_)
    step();
  stream().wait();
}

void Ways::add(const std::string &name, const std::function<void(Way &)> &build) {
  Way way(name);
  try {
    build(way);
  } catch (const dnnl::error &error) {
    if (error.status != dnnl_unimplemented)
      throw;
    return;
  }
  ways.push_back(std::move(way));
}

const Way &Ways::fastest() const {
  if (ways.empty())
    throw Unsupported("oneDNN has no such primitive");
  using Clock = std::chrono::steady_clock;
  std::vector<double> best(ways.size(), std::numeric_limits<double>::infinity());
  if (ways.size() > 1) {
    for (auto &way : ways)
      way.run();
    auto start = Clock::now();
    for (int round = 0; round < 30 && (round < 3 || Clock::now() - start < std::chrono::seconds(1)); ++round)
      for (size_t i = 0; i < ways.size(); ++i) {
        auto before = Clock::now();
        ways[i].run();
        best[i] = std::min(best[i], std::chrono::duration<double>(Clock::now() - before).count());
      }
  }
  return ways[size_t(std::min_element(best.begin(), best.end()) - best.begin())];
}

} // namespace bench
