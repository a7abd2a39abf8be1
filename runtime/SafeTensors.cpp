#include "nnc/runtime/SafeTensors.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/embedded/core.h"
#include <utility>

namespace nnc::runtime {

SafeTensors::SafeTensors(const std::string &path) {
  if (nnc_safetensors_open(path.c_str(), &file) != NNC_OK)
    throw Error(nnc_last_error());
  index();
}

SafeTensors::SafeTensors(const std::string &name, std::span<const std::byte> bytes) {
  if (nnc_safetensors_parse(name.c_str(), bytes.data(), bytes.size(), &file) != NNC_OK)
    throw Error(nnc_last_error());
  index();
}

SafeTensors::~SafeTensors() { nnc_safetensors_close(file); }

SafeTensors::SafeTensors(SafeTensors &&other) noexcept
    : file(std::exchange(other.file, nullptr)), views(std::move(other.views)), pairs(std::move(other.pairs)) {}

SafeTensors &SafeTensors::operator=(SafeTensors &&other) noexcept {
  std::swap(file, other.file);
  std::swap(views, other.views);
  std::swap(pairs, other.pairs);
  return *this;
}

void SafeTensors::index() {
  for (const nnc_tensor &t : std::span(file->tensors, static_cast<size_t>(file->tensor_count)))
    views.emplace_hint(views.end(), t.name,
                       TensorView{t.dtype,
                                  std::vector<int64_t>(t.dims, t.dims + t.rank),
                                  {static_cast<const std::byte *>(t.data), static_cast<size_t>(t.bytes)}});
  for (const nnc_metadata &m : std::span(file->metadata, static_cast<size_t>(file->metadata_count)))
    pairs.emplace_hint(pairs.end(), m.key, m.value);
}

const TensorView *SafeTensors::find(std::string_view name) const {
  auto it = views.find(name);
  return it == views.end() ? nullptr : &it->second;
}

void writeSafeTensors(const std::string &path, const std::map<std::string, TensorView, std::less<>> &tensors,
                      const std::map<std::string, std::string, std::less<>> &metadata) {
  std::vector<nnc_tensor> rows;
  for (const auto &[name, t] : tensors)
    rows.push_back({name.c_str(), t.dims.data(), t.data.data(), static_cast<int64_t>(t.data.size()), t.dtype,
                    static_cast<int32_t>(t.dims.size())});
  std::vector<nnc_metadata> pairs;
  for (const auto &[key, value] : metadata)
    pairs.push_back({key.c_str(), value.c_str()});
  if (nnc_safetensors_write(path.c_str(), rows.data(), static_cast<int64_t>(rows.size()), pairs.data(),
                            static_cast<int64_t>(pairs.size())) != NNC_OK)
    throw Error(nnc_last_error());
}

} // namespace nnc::runtime
