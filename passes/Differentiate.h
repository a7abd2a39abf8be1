// Reverse-mode differentiation of a graph: the walk is ir/Differentiate.h (gradients of loop bodies need it there);
// here is the pass around it.
#pragma once
#include "nnc/ir/Differentiate.h"

namespace nnc::passes {
using ir::differentiate;
} // namespace nnc::passes
