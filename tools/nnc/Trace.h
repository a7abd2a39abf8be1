// Recorded calls as a file that Perfetto and chrome://tracing open.
#pragma once
#include "Recording.h"
#include "Roofline.h"

namespace nnc::tool {

/// Chrome's Trace Event Format: a row of calls, one of launches and one of each thread's ranges of tasks. Written
/// beside `path` and renamed; throws nnc::Error.
void writeTrace(const std::string &path, const runtime::SharedObject &object, const nnc_function &function,
                const Recording &recording, const Roofline &roofline);

} // namespace nnc::tool
