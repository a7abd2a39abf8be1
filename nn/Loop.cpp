// Progress and interruption.
#include "nnc/nn/Loop.h"
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

namespace nnc {

Progress::Progress(std::string label, int64_t steps, int64_t perStep, std::string unit)
    : label_(std::move(label)), unit_(std::move(unit)), steps_(steps), perStep_(perStep),
      terminal_(isatty(STDERR_FILENO)), start_(std::chrono::steady_clock::now()) {}

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}
double Progress::rate() const { return double(done_ * perStep_) / std::max(seconds(), 1e-9); }

void Progress::update(double loss) {
  ++done_;
  sum_ += loss;
  last_ = loss;
  auto now = std::chrono::steady_clock::now();
  if (terminal_ && (now - drawn_ > std::chrono::milliseconds(100) || done_ == steps_)) {
    drawn_ = now;
    draw();
  }
}
void Progress::draw() {
  constexpr int64_t width = 24;
  int64_t filled = steps_ ? done_ * width / steps_ : width;
  std::string bar =
      std::string(size_t(std::min(filled, width)), '#') + std::string(size_t(width - std::min(filled, width)), '.');
  std::string line =
      fmt::format("\r{} [{}] {}/{}  loss {:.4f}  {:.0f} {}/s ", label_, bar, done_, steps_, last_, rate(), unit_);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}
void Progress::finish(const std::string &more) {
  if (terminal_)
    std::fputs("\r\033[K", stderr);
  fmt::print("{}  loss {:.4f}  {:.0f} {}/s  {:.1f} s{}{}\n", label_, meanLoss(), rate(), unit_, seconds(),
             more.empty() ? "" : "  ", more);
  std::fflush(stdout);
}

static volatile std::sig_atomic_t interrupted = 0;
static void (*before)(int) = SIG_DFL;

Interrupt::Interrupt() {
  interrupted = 0;
  before = std::signal(SIGINT, [](int) {
    interrupted = 1;
    std::signal(SIGINT, SIG_DFL);
  });
}
Interrupt::~Interrupt() { std::signal(SIGINT, before); }
bool Interrupt::requested() const { return interrupted != 0; }

} // namespace nnc
