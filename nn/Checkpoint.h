// Saving and loading: weights of a module, the whole state of a training run, or any arrays by name, as safetensors
// with PyTorch's names; single arrays as .npy. A file is written beside the old one and renamed, so that a crash never
// loses both. Loading checks every key before it changes anything.
#pragma once
#include "nnc/nn/Train.h"

namespace nnc {

using Metadata = std::map<std::string, std::string>;

/// Parameters and persistent buffers under their dotted names; one that is there twice (tied, or in a shared part)
/// once, under its first name.
void save(const nn::Module &module, const std::string &path, const Metadata &metadata = {});
/// Returns the metadata. Strict: a missing or unexpected key is an error; a key of another shape or type always is. Of
/// several names of one parameter any is enough.
Metadata load(const nn::Module &module, const std::string &path, bool strict = true);

/// Parameters, buffers, moments (`<parameter>.exp_avg`), `step` and `seed`: resuming from it is bit-exact with not
/// having stopped, given the same batches and learning rates. The same names are used by shipped training steps
/// (state_save in the C ABI).
void save(const TrainStep &step, const std::string &path, const Metadata &metadata = {});
Metadata load(const TrainStep &step, const std::string &path);

/// Any safetensors file, whoever wrote it: copies of its arrays by name, as they are, and `metadata` where it is given.
nn::StateDict load_file(const std::string &path, Metadata *metadata = nullptr);
void save_file(const nn::StateDict &arrays, const std::string &path, const Metadata &metadata = {});

/// NumPy's .npy files.
Array load_npy(const std::string &path);
void save_npy(const Array &array, const std::string &path);

} // namespace nnc
