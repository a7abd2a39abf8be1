// Padding layers (torch.nn: ConstantPad, ZeroPad, ReflectionPad, ReplicationPad, CircularPad in one to three
// dimensions).
//
// Sizes are given from the last axis to the first, before and behind: {left, right, top, bottom, front, back}; one
// number stands for all sides. A negative size crops. The result has size + before + behind elements along each axis.
// Reflection and replication read the whole input, then crop; circular padding wraps around what cropping leaves (as
// PyTorch).
#pragma once
#include "nnc/nn/Axes.h"
#include "nnc/nn/Module.h"

namespace nnc::nn {

/// What stands in the padding: a constant; the input mirrored without repeating its edge; its edge; its other end.
enum class PaddingMode { zeros, constant = zeros, reflect, replicate, circular };
std::string_view modeName(PaddingMode mode);

namespace functional {
/// torch.nn.functional.pad: `padding` has two sizes for each of the last dimensions, last dimension first. `value` is
/// for constant padding. Each size of reflection must be below the input's, of circular padding at most what is left of
/// it.
Tensor pad(Tensor x, std::vector<int64_t> padding, PaddingMode mode = PaddingMode::constant, double value = 0,
           Where where = Where::current());
} // namespace functional

namespace detail {
/// What all padding layers of N axes share.
template <class Self, size_t N> class Pad : public Layer<Self> {
public:
  /// Any number of dimensions from N for constants, N + 1 or N + 2 for the other modes.
  Tensor forward(Tensor x) const;

protected:
  Pad(const char *layer, const char *kind, Axes padding, PaddingMode mode, std::optional<double> value);

private:
  std::vector<int64_t> padding_;
  PaddingMode mode_;
  double value_ = 0;
};
} // namespace detail

#define NNC_PAD(name, kind, n, mode)                                                                                   \
  class name : public detail::Pad<name, n> {                                                                           \
  public:                                                                                                              \
    explicit name(Axes padding) : Pad(#name, kind, std::move(padding), PaddingMode::mode, std::nullopt) {}             \
  }
#define NNC_CONSTANT_PAD(name, kind, n)                                                                                \
  class name : public detail::Pad<name, n> {                                                                           \
  public:                                                                                                              \
    name(Axes padding, double value) : Pad(#name, kind, std::move(padding), PaddingMode::constant, value) {}           \
  }

/// torch.nn.ConstantPad1d to 3d: `value` around the input.
NNC_CONSTANT_PAD(ConstantPad1d, "constant_pad1d", 1);
NNC_CONSTANT_PAD(ConstantPad2d, "constant_pad2d", 2);
NNC_CONSTANT_PAD(ConstantPad3d, "constant_pad3d", 3);
/// torch.nn.ZeroPad1d to 3d: zeros around the input.
NNC_PAD(ZeroPad1d, "zero_pad1d", 1, zeros);
NNC_PAD(ZeroPad2d, "zero_pad2d", 2, zeros);
NNC_PAD(ZeroPad3d, "zero_pad3d", 3, zeros);
/// torch.nn.ReflectionPad1d to 3d: 1 2 3 becomes 3 2 1 2 3 2 1 with padding 2.
NNC_PAD(ReflectionPad1d, "reflection_pad1d", 1, reflect);
NNC_PAD(ReflectionPad2d, "reflection_pad2d", 2, reflect);
NNC_PAD(ReflectionPad3d, "reflection_pad3d", 3, reflect);
/// torch.nn.ReplicationPad1d to 3d: 1 2 3 becomes 1 1 1 2 3 3 3 with padding 2.
NNC_PAD(ReplicationPad1d, "replication_pad1d", 1, replicate);
NNC_PAD(ReplicationPad2d, "replication_pad2d", 2, replicate);
NNC_PAD(ReplicationPad3d, "replication_pad3d", 3, replicate);
/// torch.nn.CircularPad1d to 3d: 1 2 3 becomes 2 3 1 2 3 1 2 with padding 2.
NNC_PAD(CircularPad1d, "circular_pad1d", 1, circular);
NNC_PAD(CircularPad2d, "circular_pad2d", 2, circular);
NNC_PAD(CircularPad3d, "circular_pad3d", 3, circular);
#undef NNC_PAD
#undef NNC_CONSTANT_PAD

} // namespace nnc::nn
