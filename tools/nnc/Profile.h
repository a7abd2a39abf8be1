// The report of nnc bench --profile.
#pragma once
#include "Recording.h"
#include "Roofline.h"

namespace nnc::tool {

/// One line a launch, the longest first; then the three kernels that lose most against the roofline, and why. `times`
/// has the nanoseconds of each launch in one call, `callTime` those of a call without a profile.
void printProfile(const runtime::SharedObject &object, const nnc_function &function, const std::vector<double> &times,
                  double callTime, const Recording &recording, const Roofline &roofline);

} // namespace nnc::tool
