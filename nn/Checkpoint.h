// Saving and loading: weights of a module, or the whole state of a training run, as safetensors with PyTorch's names. A
// file is written beside the old one and renamed, so that a crash never loses both. Loading checks every key before it
// changes anything.
#pragma once
#include "nnc/nn/Train.h"

namespace nnc {

using Metadata = std::map<std::string, std::string>;

/// Parameters and persistent buffers under their dotted names.
void save(const nn::Module &module, const std::string &path, const Metadata &metadata = {});
/// Returns the metadata. Strict: a missing or unexpected key is an error; a key of another shape or type always is.
Metadata load(const nn::Module &module, const std::string &path, bool strict = true);

/// Parameters, buffers, moments (`<parameter>.exp_avg`), `step` and `seed`: resuming from it is bit-exact with not
/// having stopped, given the same batches and learning rates. The same names are used by shipped training steps
/// (state_save in the C ABI).
void save(const TrainStep &step, const std::string &path, const Metadata &metadata = {});
Metadata load(const TrainStep &step, const std::string &path);

} // namespace nnc
