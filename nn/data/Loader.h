// Batches of a dataset, in an order that depends on seed and epoch alone, made ready by a thread while the last one is
// used.
#pragma once
#include "nnc/nn/data/Dataset.h"
#include <memory>

namespace nnc::data {

struct LoaderOptions {
  int64_t batch_size = 1;
  bool shuffle = false;
  uint64_t seed = 0;
  /// Leave the last examples out where they do not fill a batch. Otherwise the last batch is filled up with the epoch's
  /// first examples (compiled functions have fixed shapes) and `count` tells how many are its own.
  bool drop_last = false;
  /// Batches made ready in advance; 0: made when asked for.
  int64_t prefetch = 2;
};

struct Batch {
  Array x, y;
};
/// A batch with its number in the epoch and how many of its examples are its own (see drop_last).
struct CountedBatch : Batch {
  int64_t index = 0, count = 0;
};

class Loader {
public:
  Loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options);
  template <std::derived_from<Dataset> D>
  Loader(D dataset, LoaderOptions options) : Loader(std::make_shared<const D>(std::move(dataset)), options) {}

  int64_t batches() const;
  int64_t examples() const { return dataset_->size(); }
  /// The epoch that the next loop goes over: 0 at first, and one more after each begun loop. Set it to resume.
  int64_t epoch() const { return epoch_; }
  void set_epoch(int64_t epoch) { epoch_ = epoch; }
  /// The order of the examples in an epoch.
  std::vector<int64_t> order(int64_t epoch) const;

  class Iterator;
  struct End {};
  class Steps;
  /// Begins the epoch at batch `first`; `begin` is from its start.
  Iterator from(int64_t first);
  Iterator begin();
  End end() const { return {}; }
  /// Batches `first` to `last` of a training that goes on for epoch after epoch, each in its own order, counted from
  /// the start of epoch 0: `for (auto [x, y] : loader.steps(done, iterations))`. Does not look at `epoch` or change it.
  Steps steps(int64_t first, int64_t last) const;

private:
  Iterator iterate(int64_t first, int64_t last) const;
  std::shared_ptr<const Dataset> dataset_;
  LoaderOptions options_;
  int64_t epoch_ = 0;
};

class Loader::Iterator {
public:
  const CountedBatch &operator*() const;
  Iterator &operator++();
  bool operator!=(End) const;
  bool operator==(End end) const { return !(*this != end); }

  struct Source;

private:
  friend class Loader;
  explicit Iterator(std::shared_ptr<Source> source);
  std::shared_ptr<Source> source_;
};

class Loader::Steps {
public:
  Iterator begin() const { return loader_.iterate(first_, last_); }
  End end() const { return {}; }

private:
  friend class Loader;
  Steps(Loader loader, int64_t first, int64_t last) : loader_(std::move(loader)), first_(first), last_(last) {}
  Loader loader_;
  int64_t first_, last_;
};

} // namespace nnc::data

// A batch taken apart: `for (auto [x, y] : loader)`.
template <> struct std::tuple_size<nnc::data::CountedBatch> : std::integral_constant<size_t, 2> {};
template <size_t I> struct std::tuple_element<I, nnc::data::CountedBatch> {
  using type = const nnc::Array;
};
namespace nnc::data {
template <size_t I> const Array &get(const CountedBatch &batch) { return I == 0 ? batch.x : batch.y; }
} // namespace nnc::data
