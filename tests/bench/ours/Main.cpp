// Our worker (worker/Serve.h has the protocol). NNC_NUM_THREADS and NNC_CACHE_DIR are the driver's to set.
#include "../worker/Serve.h"
#include "Workload.h"
#include <fmt/format.h>

static bench::Workload workloadOf(const bench::Spec &spec) {
  bench::compileSeconds() = 0;
  if (spec.kind() == "infer" || spec.kind() == "train")
    return bench::openModel(spec);
  if (spec.kind() == "call" || spec.kind() == "object")
    return bench::openSmall(spec);
  return bench::openKernel(spec);
}

int main() {
  bench::serve([](const bench::Spec &spec) {
    bench::Workload workload = workloadOf(spec);
    auto outputs = std::make_shared<std::vector<nnc::Array>>();
    bench::Opened opened;
    opened.run = [outputs, run = workload.run] {
      outputs->clear(); // its memory may be used again
      *outputs = run();
    };
    opened.save = [outputs](const std::string &folder) {
      for (size_t i = 0; i < outputs->size(); ++i)
        save_npy((*outputs)[i], fmt::format("{}/output.{}.npy", folder, i));
      return outputs->size();
    };
    opened.compileSeconds = bench::compileSeconds();
    opened.about = workload.bytes ? fmt::format("bytes={}", *workload.bytes)
                                  : fmt::format("peak={} launches={}", workload.peakBytes, workload.launches);
    return opened;
  });
}
