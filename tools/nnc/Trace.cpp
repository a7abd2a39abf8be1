// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU: "X" events have a beginning and a
// duration in microseconds, "M" events name the rows.
#include "Trace.h"
#include "nnc/runtime/File.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include <algorithm>

namespace json = llvm::json;

namespace nnc::tool {

// Names come from files.
static std::string utf8(const char *text) { return json::isUTF8(text) ? text : json::fixUTF8(text); }

namespace {

enum Row { callRow = 0, launchRow = 1, threadRow = 2 }; // and the threads after it

class TraceWriter {
public:
  TraceWriter(const runtime::SharedObject &object, const nnc_function &function, const Recording &recording,
              const Roofline &roofline)
      : object(object), function(function), recording(recording), roofline(roofline), out(text), j(out) {}
  std::string write();

private:
  void name(const char *what, int row, const std::string &name);
  void number(const char *key, double value);
  void event(const std::string &name, const char *category, int row, const Recording::Span &time,
             llvm::function_ref<void()> arguments);
  void launch(const Recording::Execution &execution);

  const runtime::SharedObject &object;
  const nnc_function &function;
  const Recording &recording;
  const Roofline &roofline;
  std::string text;
  llvm::raw_string_ostream out;
  json::OStream j;
};

} // namespace

void TraceWriter::name(const char *what, int row, const std::string &name) {
  j.object([&] {
    j.attribute("ph", "M");
    j.attribute("name", what);
    j.attribute("pid", 1);
    j.attribute("tid", row);
    j.attributeObject("args", [&] { j.attribute("name", name); });
  });
}

// Three digits: times are in microseconds.
void TraceWriter::number(const char *key, double value) {
  j.attributeBegin(key);
  j.rawValue(llvm::formatv("{0:F3}", value).str());
  j.attributeEnd();
}

void TraceWriter::event(const std::string &name, const char *category, int row, const Recording::Span &time,
                        llvm::function_ref<void()> arguments) {
  int64_t start = recording.calls.front().begin;
  j.object([&] {
    j.attribute("ph", "X");
    j.attribute("name", name);
    j.attribute("cat", category);
    j.attribute("pid", 1);
    j.attribute("tid", row);
    number("ts", double(time.begin - start) / 1e3);
    number("dur", double(time.length()) / 1e3);
    j.attributeObject("args", arguments);
  });
}

void TraceWriter::launch(const Recording::Execution &execution) {
  const nnc_launch &launch = function.launches[execution.launch];
  std::string kernel = utf8(object.module().kernel_names[launch.kernel]);
  auto nanoseconds = double(std::max<int64_t>(1, execution.time.length()));
  event(kernel, "launch", launchRow, execution.time, [&] {
    j.attribute("launch", execution.launch);
    j.attribute("layers", utf8(launch.layers));
    j.attribute("source", utf8(object.sources(launch)));
    j.attribute("flops", launch.flops);
    j.attribute("bytes", launch.bytes);
    number("GFLOP/s", double(launch.flops) / nanoseconds);
    number("GB/s", double(launch.bytes) / nanoseconds);
    number("roofline %", 100 * roofline.leastTime(launch) / nanoseconds);
    j.attribute("bound", boundText(roofline.isArithmetic(launch)));
    j.attribute("tasks", launch.tasks);
    j.attribute("threads", execution.threads());
  });
  for (const Recording::Range &range : execution.ranges)
    event(kernel, "tasks", threadRow + range.thread, range.time, [&] {
      j.attribute("launch", execution.launch);
      j.attribute("first task", range.first);
      j.attribute("tasks", range.last - range.first);
    });
}

std::string TraceWriter::write() {
  int threads = 1;
  for (const Recording::Execution &execution : recording.executions)
    for (const Recording::Range &range : execution.ranges)
      threads = std::max(threads, range.thread + 1);
  j.objectBegin();
  j.attribute("displayTimeUnit", "ns");
  j.attributeObject("otherData", [&] {
    j.attribute("producer", utf8(object.module().producer));
    j.attribute("machine", roofline.text());
  });
  j.attributeBegin("traceEvents");
  j.arrayBegin();
  name("process_name", 0, utf8(object.module().name) + " " + utf8(function.name));
  name("thread_name", callRow, "calls");
  name("thread_name", launchRow, "launches");
  for (int thread = 0; thread < threads; ++thread)
    name("thread_name", threadRow + thread, thread ? llvm::formatv("thread {0}", thread).str() : "calling thread");
  for (auto [number, call] : llvm::enumerate(recording.calls))
    event(llvm::formatv("call {0}", number), "call", callRow, call, [] {});
  for (const Recording::Execution &execution : recording.executions)
    launch(execution);
  j.arrayEnd();
  j.attributeEnd();
  j.objectEnd();
  out << "\n";
  return text;
}

void writeTrace(const std::string &path, const runtime::SharedObject &object, const nnc_function &function,
                const Recording &recording, const Roofline &roofline) {
  std::string text = TraceWriter(object, function, recording, roofline).write();
  runtime::writeFile(path, std::as_bytes(std::span(text)));
}

} // namespace nnc::tool
