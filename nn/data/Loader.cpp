// Order and prefetching of batches.
#include "nnc/nn/data/Loader.h"
#include "nnc/runtime/Error.h"
#include <condition_variable>
#include <deque>
#include <exception>
#include <fmt/format.h>
#include <mutex>
#include <thread>

namespace nnc::data {

Loader::Loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options)
    : dataset_(std::move(dataset)), options_(options) {
  if (!dataset_)
    throw Error("loader: dataset: expected one, got none");
  if (options.batch_size < 1)
    throw Error(fmt::format("loader: batch_size: expected at least 1, got {}", options.batch_size));
  if (options.prefetch < 0)
    throw Error(fmt::format("loader: prefetch: expected at least 0, got {}", options.prefetch));
  if (dataset_->size() < 1)
    throw Error("loader: dataset: expected at least one example, got none");
}

int64_t Loader::batches() const {
  int64_t size = dataset_->size();
  return options_.drop_last ? size / options_.batch_size : (size + options_.batch_size - 1) / options_.batch_size;
}

// A generator of our own (splitmix64), so that an order is the same with every standard library.
static uint64_t mix(uint64_t &state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::vector<int64_t> Loader::order(int64_t epoch) const {
  std::vector<int64_t> order(static_cast<size_t>(dataset_->size()));
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = int64_t(i);
  if (!options_.shuffle)
    return order;
  uint64_t state = options_.seed;
  state = mix(state) ^ uint64_t(epoch);
  for (size_t i = order.size() - 1; i > 0; --i) {
    // The high half of a 128-bit product is uniform in [0, i] but for a bias below 2^-40 for any dataset that fits in
    // memory.
    size_t j = size_t((static_cast<unsigned __int128>(mix(state)) * (i + 1)) >> 64);
    std::swap(order[i], order[j]);
  }
  return order;
}

// Batches next to last - 1, counted from the start of epoch 0.
struct Loader::Iterator::Source {
  Loader loader;
  int64_t next = 0, last = 0; // next: the one to be made
  int64_t epoch = -1;         // that `order` is of
  std::vector<int64_t> order;
  std::optional<CountedBatch> current;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<CountedBatch> ready;
  std::exception_ptr failure;
  bool finished = false, abandoned = false;
  std::thread thread;

  explicit Source(const Loader &loader, int64_t first, int64_t last) : loader(loader), next(first), last(last) {}

  CountedBatch make(int64_t number) {
    int64_t index = number % loader.batches(), batch = loader.options_.batch_size;
    if (epoch != number / loader.batches()) {
      epoch = number / loader.batches();
      order = loader.order(epoch);
    }
    int64_t size = int64_t(order.size()), first = index * batch;
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < batch; ++i)
      indices.push_back(order[size_t((first + i) % size)]);
    auto [x, y] = loader.dataset_->batch(indices);
    return {{x, y}, index, std::min(batch, size - first)};
  }

  void run() {
    try {
      for (; next < last; ++next) {
        CountedBatch made = make(next);
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return abandoned || int64_t(ready.size()) < loader.options_.prefetch; });
        if (abandoned)
          return;
        ready.push_back(std::move(made));
        changed.notify_all();
      }
    } catch (...) {
      std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
    std::lock_guard lock(mutex);
    finished = true;
    changed.notify_all();
  }

  void advance() {
    if (loader.options_.prefetch == 0) {
      current = next < last ? std::optional(make(next)) : std::nullopt;
      ++next;
      return;
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !ready.empty() || finished; });
    if (ready.empty()) {
      current.reset();
      if (failure)
        std::rethrow_exception(failure);
      return;
    }
    current = std::move(ready.front());
    ready.pop_front();
    changed.notify_all();
  }

  ~Source() {
    if (!thread.joinable())
      return;
    {
      std::lock_guard lock(mutex);
      abandoned = true;
    }
    changed.notify_all();
    thread.join();
  }
};

Loader::Iterator::Iterator(std::shared_ptr<Source> source) : source_(std::move(source)) {}
const CountedBatch &Loader::Iterator::operator*() const { return *source_->current; }
Loader::Iterator &Loader::Iterator::operator++() {
  source_->advance();
  return *this;
}
bool Loader::Iterator::operator!=(End) const { return source_->current.has_value(); }

Loader::Iterator Loader::from(int64_t first) {
  if (first < 0 || first > batches())
    throw Error(fmt::format("loader: batch {} is out of range, an epoch has {}", first, batches()));
  int64_t start = epoch_++ * batches();
  return iterate(start + first, start + batches());
}
Loader::Iterator Loader::begin() { return from(0); }

Loader::Steps Loader::steps(int64_t first, int64_t last) const {
  if (first < 0)
    throw Error(fmt::format("loader: steps: expected a first step of at least 0, got {}", first));
  if (last > first && batches() == 0)
    throw Error(fmt::format("loader: steps: expected at least one batch of {}, got {} examples", options_.batch_size,
                            examples()));
  return {*this, first, last};
}
Loader::Iterator Loader::iterate(int64_t first, int64_t last) const {
  auto source = std::make_shared<Iterator::Source>(*this, first, last);
  if (options_.prefetch > 0)
    source->thread = std::thread([raw = source.get()] { raw->run(); });
  source->advance();
  return Iterator(std::move(source));
}

} // namespace nnc::data
