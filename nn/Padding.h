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
  Pad(const char *layer, const char *kind, Axes padding, PaddingMode mode, std::optional<double> value, Where where);

private:
  std::vector<int64_t> padding_;
  PaddingMode mode_;
  double value_ = 0;
};
} // namespace detail

/// torch.nn.ConstantPad1d to 3d: `value` around the input.
class ConstantPad1d : public detail::Pad<ConstantPad1d, 1> {
public:
  ConstantPad1d(Axes padding, double value, Where where = Where::current())
      : Pad("ConstantPad1d", "constant_pad1d", std::move(padding), PaddingMode::constant, value, where) {}
};
class ConstantPad2d : public detail::Pad<ConstantPad2d, 2> {
public:
  ConstantPad2d(Axes padding, double value, Where where = Where::current())
      : Pad("ConstantPad2d", "constant_pad2d", std::move(padding), PaddingMode::constant, value, where) {}
};
class ConstantPad3d : public detail::Pad<ConstantPad3d, 3> {
public:
  ConstantPad3d(Axes padding, double value, Where where = Where::current())
      : Pad("ConstantPad3d", "constant_pad3d", std::move(padding), PaddingMode::constant, value, where) {}
};

/// torch.nn.ZeroPad1d to 3d: zeros around the input.
class ZeroPad1d : public detail::Pad<ZeroPad1d, 1> {
public:
  explicit ZeroPad1d(Axes padding, Where where = Where::current())
      : Pad("ZeroPad1d", "zero_pad1d", std::move(padding), PaddingMode::zeros, std::nullopt, where) {}
};
class ZeroPad2d : public detail::Pad<ZeroPad2d, 2> {
public:
  explicit ZeroPad2d(Axes padding, Where where = Where::current())
      : Pad("ZeroPad2d", "zero_pad2d", std::move(padding), PaddingMode::zeros, std::nullopt, where) {}
};
class ZeroPad3d : public detail::Pad<ZeroPad3d, 3> {
public:
  explicit ZeroPad3d(Axes padding, Where where = Where::current())
      : Pad("ZeroPad3d", "zero_pad3d", std::move(padding), PaddingMode::zeros, std::nullopt, where) {}
};

/// torch.nn.ReflectionPad1d to 3d: 1 2 3 becomes 3 2 1 2 3 2 1 with padding 2.
class ReflectionPad1d : public detail::Pad<ReflectionPad1d, 1> {
public:
  explicit ReflectionPad1d(Axes padding, Where where = Where::current())
      : Pad("ReflectionPad1d", "reflection_pad1d", std::move(padding), PaddingMode::reflect, std::nullopt, where) {}
};
class ReflectionPad2d : public detail::Pad<ReflectionPad2d, 2> {
public:
  explicit ReflectionPad2d(Axes padding, Where where = Where::current())
      : Pad("ReflectionPad2d", "reflection_pad2d", std::move(padding), PaddingMode::reflect, std::nullopt, where) {}
};
class ReflectionPad3d : public detail::Pad<ReflectionPad3d, 3> {
public:
  explicit ReflectionPad3d(Axes padding, Where where = Where::current())
      : Pad("ReflectionPad3d", "reflection_pad3d", std::move(padding), PaddingMode::reflect, std::nullopt, where) {}
};

/// torch.nn.ReplicationPad1d to 3d: 1 2 3 becomes 1 1 1 2 3 3 3 with padding 2.
class ReplicationPad1d : public detail::Pad<ReplicationPad1d, 1> {
public:
  explicit ReplicationPad1d(Axes padding, Where where = Where::current())
      : Pad("ReplicationPad1d", "replication_pad1d", std::move(padding), PaddingMode::replicate, std::nullopt, where) {}
};
class ReplicationPad2d : public detail::Pad<ReplicationPad2d, 2> {
public:
  explicit ReplicationPad2d(Axes padding, Where where = Where::current())
      : Pad("ReplicationPad2d", "replication_pad2d", std::move(padding), PaddingMode::replicate, std::nullopt, where) {}
};
class ReplicationPad3d : public detail::Pad<ReplicationPad3d, 3> {
public:
  explicit ReplicationPad3d(Axes padding, Where where = Where::current())
      : Pad("ReplicationPad3d", "replication_pad3d", std::move(padding), PaddingMode::replicate, std::nullopt, where) {}
};

/// torch.nn.CircularPad1d to 3d: 1 2 3 becomes 2 3 1 2 3 1 2 with padding 2.
class CircularPad1d : public detail::Pad<CircularPad1d, 1> {
public:
  explicit CircularPad1d(Axes padding, Where where = Where::current())
      : Pad("CircularPad1d", "circular_pad1d", std::move(padding), PaddingMode::circular, std::nullopt, where) {}
};
class CircularPad2d : public detail::Pad<CircularPad2d, 2> {
public:
  explicit CircularPad2d(Axes padding, Where where = Where::current())
      : Pad("CircularPad2d", "circular_pad2d", std::move(padding), PaddingMode::circular, std::nullopt, where) {}
};
class CircularPad3d : public detail::Pad<CircularPad3d, 3> {
public:
  explicit CircularPad3d(Axes padding, Where where = Where::current())
      : Pad("CircularPad3d", "circular_pad3d", std::move(padding), PaddingMode::circular, std::nullopt, where) {}
};

} // namespace nnc::nn
