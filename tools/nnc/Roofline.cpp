// Four probes, compiled as any model is: chains of fused multiply-adds in registers; one tensor added to another in
// place, two that fit the nearest cache and two that fit none; the sum of the elements of a large one. These move most
// bytes: what is written elsewhere than it was read is fetched first, for nothing. Tasks of a kernel are ranges of its
// tensors, so that one kernel measures any number of bytes: each thread runs its own few tasks again and again.
//
// Rates are by the time that each thread has had a processor, so that another program beside does not look like a slow
// machine. What threads share, caches, memory and the units of a core, still slows them down, as it should.
#include "Roofline.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "nnc/codegen/Dialects.h"
#include "nnc/runtime/Error.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <atomic>
#include <chrono>
#include <cmath>
#include <ctime>
#include <thread>

namespace nnc::tool {

using Clock = std::chrono::steady_clock;

//===--- the probes' text ---===//

static constexpr int64_t streamBytes = 48 << 20; // of an operand of the sum: two of them are more than most caches
static constexpr int64_t nearBytes = 8 << 10;    // the same in the nearest cache
static constexpr int chains = 8, links = 16;     // of an element

static std::string probeText(bool doubles) {
  const char *type = doubles ? "f64" : "f32";
  std::string text;
  llvm::raw_string_ostream out(text);
  auto tensorOf = [&](int64_t bytes) {
    return llvm::formatv("tensor<{0}x{1}>", bytes / (doubles ? 8 : 4), type).str();
  };
  for (auto [name, bytes] : {std::pair("near", nearBytes), std::pair("add", streamBytes)}) {
    std::string tensor = tensorOf(bytes);
    out << llvm::formatv("func.func @{0}(%x: {1}, %y: {1}) -> ({1} {{nn.updates = 1 : i64}) {{\n"
                         "  %e = tensor.empty() : {1}\n"
                         "  %s = linalg.add ins(%x, %y : {1}, {1}) outs(%e : {1}) -> {1}\n"
                         "  return %s : {1}\n}\n",
                         name, tensor);
  }
  out << llvm::formatv("func.func @reduce(%x: {0}) -> {1} {{\n"
                       "  %z = arith.constant 0.0 : {2}\n"
                       "  %e = tensor.empty() : {1}\n"
                       "  %f = linalg.fill ins(%z : {2}) outs(%e : {1}) -> {1}\n"
                       "  %s = linalg.reduce {{ arith.addf } ins(%x : {0}) outs(%f : {1}) dimensions = [0]\n"
                       "  return %s : {1}\n}\n",
                       tensorOf(2 * streamBytes), llvm::formatv("tensor<{0}>", type).str(), type);
  std::string few = tensorOf(nearBytes);
  out << "func.func @fma(%x: " << few << ") -> " << few << " {\n  %e = tensor.empty() : " << few << "\n";
  for (int chain = 0; chain < chains; ++chain)
    out << llvm::formatv("  %a{0} = arith.constant 0.{1} : {2}\n", chain, chain + 1, type);
  out << "  %r = linalg.map ins(%x : " << few << ") outs(%e : " << few << ") (%v0: " << type << ", %o: " << type
      << ") {\n";
  // v <- v a + v0: stays near v0, so that no number grows or vanishes
  for (int link = 0; link < links; ++link)
    for (int chain = 0; chain < chains; ++chain) {
      std::string from = link ? llvm::formatv("%v{0}_{1}", chain, link - 1).str() : "%v0";
      out << llvm::formatv("    %v{0}_{1} = math.fma {2}, %a{0}, %v0 : {3}\n", chain, link, from, type);
    }
  std::string sum = llvm::formatv("%v0_{0}", links - 1);
  for (int chain = 1; chain < chains; ++chain) {
    std::string next = llvm::formatv("%s{0}", chain);
    out << llvm::formatv("    {0} = arith.addf {1}, %v{2}_{3} : {4}\n", next, sum, chain, links - 1, type);
    sum = next;
  }
  out << "    linalg.yield " << sum << " : " << type << "\n  }\n  return %r : " << few << "\n}\n";
  return text;
}

static std::shared_ptr<runtime::SharedObject> compileProbes(bool doubles, const CompileFlags &flags) {
  mlir::MLIRContext context;
  codegen::loadDialects(context);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(probeText(doubles), mlir::ParserConfig(&context), "roofline");
  if (!module)
    throw Error("internal: the probes of the roofline do not parse");
  codegen::CompileOptions options = flags.options();
  options.targets = {"native"}; // the machine is measured, not the object
  options.fuse = true;
  return codegen::compile(*module, options);
}

//===--- one measurement ---===//

namespace {

// Thread i runs tasks [share * i, share * (i + 1)) of a kernel, `turns` times; with buffers of its own always the
// first.
struct Repeat {
  nnc_kernel kernel;
  std::vector<std::vector<void *>> buffers; // one for all threads, or one for each
  int64_t share, turns;
  int threads;
  std::atomic<int> arrived{0};
  std::vector<std::atomic<int64_t>> spent; // nanoseconds, by share

  // Of this thread alone.
  static int64_t processorTime() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
  }
  void run(int64_t thread) {
    // all at once; on a busy machine they do not wait for ever
    auto limit = Clock::now() + std::chrono::milliseconds(2);
    for (++arrived; arrived < threads && Clock::now() < limit;)
      std::this_thread::yield();
    bool own = buffers.size() > 1;
    void **mine = buffers[own ? thread : 0].data();
    int64_t first = own ? 0 : share * thread, begin = processorTime();
    for (int64_t turn = 0; turn < turns; ++turn)
      kernel(mine, first, first + share);
    spent[thread] = processorTime() - begin;
  }
  static void task(void **context, int64_t begin, int64_t end) {
    for (int64_t thread = begin; thread < end; ++thread)
      static_cast<Repeat *>(static_cast<void *>(context))->run(thread);
  }
};

struct Probe {
  const nnc_launch *launch;
  nnc_kernel kernel;
  std::vector<std::vector<void *>> buffers;

  // How many tasks each thread runs so that all of them together make up `part` of a launch; 0 if there are too few.
  int64_t shareOf(double part, int threads) const {
    if (buffers.size() > 1)
      return launch->tasks;
    int64_t most = launch->tasks / threads;
    return std::min(most, std::max<int64_t>(1, std::llround(part * double(launch->tasks) / threads)));
  }
  // Shares a nanosecond of all threads together, in the best of a few runs.
  double rate(const runtime::Pool &pool, int64_t share, int64_t turns) const {
    double best = 0;
    int threads = pool.threads();
    for (int round = 0; round < 4; ++round) { // the first warms up
      Repeat repeat{kernel, buffers, share, turns, threads, {}, std::vector<std::atomic<int64_t>>(threads)};
      pool.run(Repeat::task, static_cast<void **>(static_cast<void *>(&repeat)), threads);
      double sum = 0;
      for (const auto &spent : repeat.spent)
        sum += double(turns) / double(std::max<int64_t>(spent, 1));
      best = round ? std::max(best, sum) : 0;
    }
    return best;
  }
};

} // namespace

static Probe probeOf(const runtime::SharedObject &object, const char *name, std::vector<std::vector<void *>> buffers) {
  const nnc_function &function = object.functions()[object.function(name)];
  const nnc_launch &launch = function.launches[0]; // of a reduction's two levels the one that reads
  return {&launch, object.module().variants[0].kernels[launch.kernel], std::move(buffers)};
}

static double measureFlops(const Probe &probe, const runtime::Pool &pool) {
  auto each = double(probe.launch->flops);
  return each * probe.rate(pool, probe.launch->tasks, int64_t(1e8 / each) + 1); // about a millisecond
}

// Of about so many bytes; none when the probe has fewer, or too few tasks.
static Roofline::Point measureBandwidth(const Probe &probe, const runtime::Pool &pool, double bytes) {
  auto whole = double(probe.launch->bytes);
  int64_t share = probe.shareOf(bytes / whole, pool.threads());
  double each = whole * double(share) / double(probe.launch->tasks), all = each * pool.threads();
  if (share == 0 || all < 0.8 * bytes)
    return {};
  return {all, each * probe.rate(pool, share, int64_t(2e7 / each) + 1)}; // about a millisecond, or once through
}

Roofline measureRoofline(int threads, bool doubles, const CompileFlags &flags) {
  auto object = compileProbes(doubles, flags);
  constexpr int most = 256; // each needs a task of the large tensors
  threads = std::min({threads, runtime::availableCpus(), most});
  runtime::Pool pool(threads);
  const nnc_function &tree = object->functions()[object->function("reduce")];
  runtime::Buffer memory(2 * streamBytes), partial(tree.workspace_bytes + NNC_ALIGNMENT), own(threads * 2 * nearBytes);
  auto fill = [&](auto *data, int64_t bytes) { std::fill(data, data + bytes / int64_t(sizeof *data), 0.5f); };
  for (runtime::Buffer *buffer : {&memory, &own})
    doubles ? fill(static_cast<double *>(buffer->data()), buffer->size())
            : fill(static_cast<float *>(buffer->data()), buffer->size());
  char *x = static_cast<char *>(memory.data()), *y = x + streamBytes;
  std::vector<std::vector<void *>> near;
  for (int thread = 0; thread < threads; ++thread) {
    char *first = static_cast<char *>(own.data()) + thread * 2 * nearBytes, *second = first + nearBytes;
    near.push_back({first, second, second});
  }

  Roofline roofline;
  roofline.threads = threads;
  roofline.doubles = doubles;
  roofline.flops = measureFlops(probeOf(*object, "fma", near), pool);
  const Probe probes[] = {probeOf(*object, "add", {{x, y, y}}), probeOf(*object, "reduce", {{x, partial.data()}})};
  roofline.bandwidth.push_back(measureBandwidth(probeOf(*object, "near", near), pool, 3.0 * nearBytes * threads));
  for (double bytes : {256e3 * threads, 1e6 * threads, 4e6 * threads, 16e6 * threads, 96e6}) {
    Roofline::Point best;
    for (const Probe &probe : probes) {
      Roofline::Point point = measureBandwidth(probe, pool, bytes);
      best = {std::max(best.bytes, point.bytes), std::max(best.rate, point.rate)};
    }
    if (best.rate > 0 && best.bytes > 1.5 * roofline.bandwidth.back().bytes)
      roofline.bandwidth.push_back(best);
  }
  // more bytes never pass faster: what was measured so was disturbed
  for (size_t i = roofline.bandwidth.size() - 1; i-- > 0;)
    roofline.bandwidth[i].rate = std::max(roofline.bandwidth[i].rate, roofline.bandwidth[i + 1].rate);
  return roofline;
}

//===--- what follows for a launch ---===//

double Roofline::bandwidthOf(double bytes) const {
  if (bytes <= bandwidth.front().bytes)
    return bandwidth.front().rate;
  for (size_t i = 1; i < bandwidth.size(); ++i) {
    const Point &below = bandwidth[i - 1], &above = bandwidth[i];
    if (bytes > above.bytes)
      continue;
    double part = std::log(bytes / below.bytes) / std::log(above.bytes / below.bytes);
    return below.rate + part * (above.rate - below.rate);
  }
  return bandwidth.back().rate;
}

static double arithmeticTime(const Roofline &roofline, const nnc_launch &launch) {
  return double(launch.flops) / roofline.flops;
}

static double trafficTime(const Roofline &roofline, const nnc_launch &launch) {
  return launch.bytes ? double(launch.bytes) / roofline.bandwidthOf(double(launch.bytes)) : 0;
}

double Roofline::leastTime(const nnc_launch &launch) const {
  return std::max(arithmeticTime(*this, launch), trafficTime(*this, launch));
}

bool Roofline::isArithmetic(const nnc_launch &launch) const {
  return arithmeticTime(*this, launch) > trafficTime(*this, launch);
}

std::string Roofline::text() const {
  std::string text = llvm::formatv("{0} thread{1}: {2:F1} GFLOP/s ({3})", threads, threads == 1 ? "" : "s", flops,
                                   doubles ? "f64" : "f32");
  for (size_t i = 0; i < bandwidth.size(); ++i)
    text += llvm::formatv(", {0:F1} GB/s {1} {2}", bandwidth[i].rate, i + 1 == bandwidth.size() ? "from" : "at",
                          bytesText(int64_t(bandwidth[i].bytes)));
  return text;
}

bool computesInDoubles(const nnc_function &function) {
  bool singles = false, doubles = false;
  auto look = [&](const nnc_value *values, int32_t count) {
    for (int32_t i = 0; i < count; ++i) {
      singles |= values[i].dtype == NNC_F32;
      doubles |= values[i].dtype == NNC_F64;
    }
  };
  look(function.arguments, function.argument_count);
  look(function.results, function.result_count);
  return doubles && !singles;
}

} // namespace nnc::tool
