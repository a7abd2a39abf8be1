#include "Serve.h"
#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <iostream>
#include <malloc.h>

namespace bench {

using Clock = std::chrono::steady_clock;
static double seconds(Clock::time_point since) { return std::chrono::duration<double>(Clock::now() - since).count(); }

static std::string answer(Opened &opened, const std::function<Opened(const Spec &)> &open, const std::string &word,
                          const std::string &rest) {
  if (word == "hello") {
    malloc_trim(0); // what is held for nothing does not count as memory
    return "";
  }
  if (word == "open") {
    opened = {};
    opened = open(Spec(rest));
    auto start = Clock::now();
    opened.run();
    double first = seconds(start);
    malloc_trim(0);
    return fmt::format("compile={:.6f} first={:.6f} {}", opened.compileSeconds, first, opened.about);
  }
  if (word != "run" && word != "save")
    throw std::runtime_error("expected hello, open, run or save, got " + word);
  if (!opened.run)
    throw std::runtime_error(word + ": nothing is open");
  if (word == "save")
    return fmt::format("outputs={}", opened.save(rest));
  std::string times;
  for (int i = std::stoi(rest); i > 0; --i) {
    auto start = Clock::now();
    opened.run();
    fmt::format_to(std::back_inserter(times), "{:.9f} ", seconds(start));
  }
  return times;
}

void serve(const std::function<Opened(const Spec &)> &open) {
  Opened opened;
  for (std::string line; std::getline(std::cin, line);) {
    std::string word = line.substr(0, line.find(' ')),
                rest = line.size() > word.size() ? line.substr(word.size() + 1) : "", status = "ok", text;
    try {
      text = answer(opened, open, word, rest);
    } catch (const Unsupported &why) {
      status = "unsupported", text = why.what();
    } catch (const std::exception &error) {
      status = "error", text = error.what();
    }
    for (char &c : text)
      c = c == '\n' ? ' ' : c;
    fmt::print("{} {}\n", status, text);
    std::fflush(stdout);
  }
}

} // namespace bench
