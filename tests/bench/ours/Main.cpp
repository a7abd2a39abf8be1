// The worker: opens workloads and runs them as the driver asks on standard input, and answers on standard output.
//   hello                       ok
//   open <kind> key=value ...   ok compile=<seconds> peak=<bytes> launches=<count>
//   run <calls>                 ok <seconds of each call> ...
//   save <folder>               ok outputs=<count>   (writes output.<k>.npy)
// Errors are answered with "error <text>". NNC_NUM_THREADS and NNC_CACHE_DIR are the driver's to set.
#include "Workload.h"
#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <iostream>

using namespace nnc;
using Clock = std::chrono::steady_clock;

static double seconds(Clock::time_point since) { return std::chrono::duration<double>(Clock::now() - since).count(); }

int main() {
  bench::Workload workload;
  std::vector<Array> outputs;
  for (std::string line; std::getline(std::cin, line);) {
    std::string word = line.substr(0, line.find(' ')),
                rest = line.size() > word.size() ? line.substr(word.size() + 1) : "";
    std::string answer;
    try {
      if (word == "hello") {
      } else if (word == "open") {
        workload = {}, outputs.clear();
        bench::Spec spec(rest);
        bench::compileSeconds() = 0;
        workload = spec.kind() == "infer" || spec.kind() == "train" ? bench::openModel(spec) : bench::openKernel(spec);
        bench::timed(workload.run); // the first call counts as compiling, for every peer
        answer = fmt::format("compile={:.6f} peak={} launches={}", bench::compileSeconds(), workload.peakBytes,
                             workload.launches);
      } else if (word == "run") {
        if (!workload.run)
          throw Error("run: nothing is open");
        for (int i = std::stoi(rest); i > 0; --i) {
          auto start = Clock::now();
          outputs = workload.run();
          answer += fmt::format("{}{:.9f}", answer.empty() ? "" : " ", seconds(start));
        }
      } else if (word == "save") {
        for (size_t i = 0; i < outputs.size(); ++i)
          save_npy(outputs[i], fmt::format("{}/output.{}.npy", rest, i));
        answer = fmt::format("outputs={}", outputs.size());
      } else {
        throw Error("expected hello, open, run or save, got " + word);
      }
      fmt::print("ok {}\n", answer);
    } catch (const std::exception &error) {
      std::string text = error.what();
      for (char &c : text)
        c = c == '\n' ? ' ' : c;
      fmt::print("error {}\n", text);
    }
    std::fflush(stdout);
  }
}
