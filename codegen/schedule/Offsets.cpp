// Offsets in the arena: one storage after another, each in the smallest or the lowest gap that fits beside the storages
// alive at the same time. Which order of storages is good depends on the schedule, so some are tried.
#include "nnc/codegen/schedule/Storage.h"

using namespace nnc::codegen;

static int64_t aligned(int64_t bytes) { return (bytes + 63) / 64 * 64; }

// Gives every storage an offset, in this order. Returns the size of the arena; `last` is the storage that ends it.
static int64_t place(const std::vector<Storage *> &order, bool lowest, Storage *&last) {
  std::vector<Storage *> placed; // by offset
  int64_t size = 0;
  for (Storage *storage : order) {
    int64_t need = aligned(storage->bytes), at = 0, best = -1, bestGap = INT64_MAX;
    for (Storage *other : placed) {
      if (other->first > storage->last || storage->first > other->last)
        continue;
      int64_t gap = other->offset - at;
      if (gap >= need && (lowest ? best < 0 : gap < bestGap))
        best = at, bestGap = gap;
      at = std::max(at, other->offset + aligned(other->bytes));
    }
    storage->offset = best >= 0 ? best : at;
    auto behind = [](Storage *a, Storage *b) { return a->offset < b->offset; };
    placed.insert(std::upper_bound(placed.begin(), placed.end(), storage, behind), storage);
    if (storage->offset + need > size) {
      size = storage->offset + need;
      last = storage;
    }
  }
  return size;
}

int64_t nnc::codegen::chooseOffsets(Placement &placement) {
  std::vector<Storage *> storages, bestOrder;
  for (Storage &storage : placement.storages)
    if (storage.place == Storage::Arena)
      storages.push_back(&storage);
  int64_t least = INT64_MAX, bound = lowerBound(placement);
  Storage *last = nullptr, *bestLast = nullptr;
  bool bestLowest = false;
  auto attempt = [&](const std::vector<Storage *> &order, bool lowest) {
    int64_t size = place(order, lowest, last);
    if (size >= least)
      return false;
    least = size;
    bestOrder = order;
    bestLowest = lowest;
    bestLast = last;
    return true;
  };
  // large ones first, or those that live long, or those that take much for long
  auto by = [&](auto weight) {
    std::vector<Storage *> order = storages;
    std::sort(order.begin(), order.end(),
              [&](Storage *a, Storage *b) { return std::pair(-weight(a), a) < std::pair(-weight(b), b); });
    for (bool lowest : {false, true})
      if (least > bound)
        attempt(order, lowest);
  };
  auto life = [](Storage *s) { return double(s->last - s->first + 1); };
  by([](Storage *s) { return double(s->bytes); });
  by([&](Storage *s) { return life(s); });
  by([&](Storage *s) { return double(s->bytes) * life(s); });
  by([&](Storage *s) { return double(s->bytes) * std::sqrt(life(s)); });
  // then whoever was left with a place at the end chooses first, again and again
  std::vector<Storage *> order = bestOrder;
  Storage *first = bestLast;
  for (int failed = 0; failed < 24 && least > bound + bound / 200; ++failed) {
    order.erase(llvm::find(order, first));
    order.insert(order.begin(), first);
    if (attempt(order, bestLowest))
      failed = 0;
    first = last;
  }
  if (!storages.empty())
    place(bestOrder, bestLowest, last);
  return storages.empty() ? 0 : least;
}

int64_t nnc::codegen::lowerBound(const Placement &placement) {
  std::map<int64_t, int64_t> change; // by time
  for (const Storage &storage : placement.storages)
    if (storage.place == Storage::Arena) {
      change[storage.first] += aligned(storage.bytes);
      change[storage.last + 1] -= aligned(storage.bytes);
    }
  int64_t live = 0, most = 0;
  for (auto [time, bytes] : change)
    most = std::max(most, live += bytes);
  return most;
}
