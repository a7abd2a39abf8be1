// What a training loop shows and listens to: a progress line, and Ctrl-C as a wish to end after the current step.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace nnc {

/// A line `label [####....] 512/938  loss 0.3124  41250/s` that is redrawn in place on a terminal; elsewhere nothing is
/// printed before `finish`.
class Progress {
public:
  /// `perStep`: examples, or whatever `unit` says, in a step, for the rate.
  Progress(std::string label, int64_t steps, int64_t perStep, std::string unit = "examples");
  void update(double loss);
  /// Ends the line; prints `label  loss <mean>  <rate> <unit>/s  <seconds> s` and `more`.
  void finish(const std::string &more = "");
  double meanLoss() const { return done_ ? sum_ / double(done_) : 0; }
  double seconds() const;
  /// Examples a second since construction.
  double rate() const;

private:
  void draw();
  std::string label_, unit_;
  int64_t steps_, perStep_, done_ = 0;
  double sum_ = 0, last_ = 0;
  bool terminal_;
  std::chrono::steady_clock::time_point start_, drawn_;
};

/// While it lives, SIGINT is remembered instead of ending the program; a second one ends it. One at a time in a
/// process.
class Interrupt {
public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt &) = delete;
  Interrupt &operator=(const Interrupt &) = delete;
  bool requested() const;
};

} // namespace nnc
