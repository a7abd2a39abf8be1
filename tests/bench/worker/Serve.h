// The protocol of a worker: it opens workloads and runs them as the driver asks on standard input, and answers on
// standard output.
//   hello                       ok
//   open <kind> key=value ...   ok compile=<seconds> first=<seconds> <key>=<value> ...   (to make it ready; the first
//   call) run <calls>                 ok <seconds of each call> ... save <folder>               ok outputs=<count>
//   (writes output.<k>.npy)
// What fails is answered with "error <text>", what the worker has not with "unsupported <text>".
#pragma once
#include "Spec.h"
#include <functional>

namespace bench {

struct Opened {
  std::function<void()> run;                                  // one call
  std::function<size_t(const std::string &folder)> save = {}; // writes what the last call gave; returns how many
  double compileSeconds = 0;                                  // without inputs, weights and the first call
  std::string about = {};                                     // more of the answer to open: key=value ...
};

/// Answers until standard input ends. The first call is part of opening, and its time part of compiling, for every
/// peer.
void serve(const std::function<Opened(const Spec &)> &open);

} // namespace bench
