// Arrays and parameters with the benchmark's numbers, and what is timed.
#include "Workload.h"
#include "../worker/Numbers.h"
#include <cmath>
#include <cstdlib>
#include <fstream>

using namespace nnc;
namespace bench {

Array uniform(const std::string &name, Shape shape, double scale) {
  Array array(std::move(shape));
  uniform(name, array.data<float>(), scale);
  return array;
}
Array integers(const std::string &name, Shape shape, int64_t limit) {
  Array array(std::move(shape), DType::i64);
  integers(name, array.data<int64_t>(), limit);
  return array;
}

void fill(const nn::Module &module) {
  for (auto &[name, array] : module.state_dict()) {
    if (array.dtype() != DType::f32)
      continue;
    bool ofNorm = name.ends_with("weight") && array.rank() == 1;
    double scale = array.rank() >= 2 ? std::sqrt(3.0 * double(array.size(0)) / double(array.numel())) : 0.1;
    auto values = Array(array).data<float>();
    uniform(name, values, scale);
    if (ofNorm || name.ends_with("running_var"))
      for (float &value : values)
        value += 1;
  }
}

double &compileSeconds() {
  static double seconds = 0;
  return seconds;
}

Workload ofFunction(Function function, std::vector<Array> inputs) {
  if (const char *path = std::getenv("BENCH_GRAPH")) // to look at it with nnc-opt and nnc bench --profile
    std::ofstream(path) << function.traced().text();
  return {[function, inputs] { return function(inputs); }, function.peakBytes(),
          function.object().functions()[size_t(function.object().function(function.traced().name()))].launch_count};
}

} // namespace bench
