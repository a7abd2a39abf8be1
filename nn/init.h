// Initial values (torch.nn.init): each fills an array in place and returns it. Random numbers come from the process's
// seed (manual_seed) and a counter of calls, so the same program gives the same values on every machine.
#pragma once
#include "nnc/nn/Module.h"

namespace nnc::nn::init {

/// An array, or the array of a parameter or buffer.
class Target {
public:
  Target(Array array) : array(std::move(array)) {}
  Target(const VariableHandle &handle) : array(handle.value()) {}
  Array array;
};

enum class Fan { in, out };
enum class Nonlinearity { linear, conv, sigmoid, tanh, relu, leaky_relu, selu };

/// What keeps the variance through a nonlinearity: 1, 5/3 (tanh), sqrt(2) (relu), sqrt(2 / (1 + slope^2)), 3/4 (selu).
double calculate_gain(Nonlinearity nonlinearity, double slope = 0.01);
/// Inputs and outputs of one unit of a weight: sizes 1 and 0 times the kernel's elements.
std::pair<int64_t, int64_t> fans(const Shape &shape, Where where = Where::current());

Array uniform_(Target target, double low = 0, double high = 1, Where where = Where::current());
Array normal_(Target target, double mean = 0, double std = 1, Where where = Where::current());
/// Normal, values outside [low, high] drawn again.
Array trunc_normal_(Target target, double mean = 0, double std = 1, double low = -2, double high = 2,
                    Where where = Where::current());
Array constant_(Target target, double value, Where where = Where::current());
Array ones_(Target target, Where where = Where::current());
Array zeros_(Target target, Where where = Where::current());
/// The identity matrix, for 2 dimensions.
Array eye_(Target target, Where where = Where::current());
/// Identity convolution, for 3 to 5 dimensions, in each of `groups`.
Array dirac_(Target target, int64_t groups = 1, Where where = Where::current());
/// Bounds gain * sqrt(6 / (in + out)), deviation gain * sqrt(2 / (in + out)).
Array xavier_uniform_(Target target, double gain = 1, Where where = Where::current());
Array xavier_normal_(Target target, double gain = 1, Where where = Where::current());
/// Bounds gain * sqrt(3 / fan), deviation gain / sqrt(fan), with the gain of `nonlinearity`; `a` is its slope.
Array kaiming_uniform_(Target target, double a = 0, Fan mode = Fan::in,
                       Nonlinearity nonlinearity = Nonlinearity::leaky_relu, Where where = Where::current());
Array kaiming_normal_(Target target, double a = 0, Fan mode = Fan::in,
                      Nonlinearity nonlinearity = Nonlinearity::leaky_relu, Where where = Where::current());
/// Orthonormal rows or columns, times gain; dimensions behind the first are one.
Array orthogonal_(Target target, double gain = 1, Where where = Where::current());
/// Normal with `sparsity` of each column zero, for 2 dimensions.
Array sparse_(Target target, double sparsity, double std = 0.01, Where where = Where::current());

} // namespace nnc::nn::init
