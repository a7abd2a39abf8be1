// Control flow as dataflow: scan.
#pragma once
#include "nnc/ir/ops/Shape.h"
#include <functional>

namespace nnc {

struct ScanResult {
  std::vector<Tensor> carries; // after the last step
  std::vector<Tensor> outputs; // each step's outputs, stacked along a new first dimension
};
/// for t in 0..length: (carries, outputs[t]) = body(carries, {sequence[t] for each sequence}); from the last t to the
/// first where `reverse` (outputs[t] then stands at t all the same). Tensors from outside may be used in the body.
/// `length` is the first dimension of every sequence.
struct StepResult {
  std::vector<Tensor> carries, outputs;
};
using ScanBody = std::function<StepResult(std::vector<Tensor> carries, std::vector<Tensor> elements)>;
ScanResult scan(std::vector<Tensor> carries, std::vector<Tensor> sequences, ScanBody body, bool reverse = false,
                Where where = Where::current());
/// The same for a number of steps without a sequence.
ScanResult scan(int64_t length, std::vector<Tensor> carries, ScanBody body, bool reverse = false,
                Where where = Where::current());

} // namespace nnc
