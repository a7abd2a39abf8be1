// Offsets in the arena: largest first, each in the smallest gap that fits beside the storages alive at the same time.
#include "nnc/codegen/schedule/Storage.h"

using namespace nnc::codegen;

static int64_t aligned(int64_t bytes) { return (bytes + 63) / 64 * 64; }

int64_t nnc::codegen::chooseOffsets(Placement &placement) {
  std::vector<Storage *> order, placed;
  for (Storage &storage : placement.storages)
    if (storage.place == Storage::Arena)
      order.push_back(&storage);
  std::sort(order.begin(), order.end(),
            [](Storage *a, Storage *b) { return a->bytes != b->bytes ? a->bytes > b->bytes : a < b; });
  int64_t size = 0;
  for (Storage *storage : order) {
    std::vector<std::pair<int64_t, int64_t>> busy;
    for (Storage *other : placed)
      if (other->first <= storage->last && storage->first <= other->last)
        busy.push_back({other->offset, other->offset + aligned(other->bytes)});
    std::sort(busy.begin(), busy.end());
    int64_t need = aligned(storage->bytes), at = 0, best = -1, bestGap = INT64_MAX;
    for (auto [begin, end] : busy) {
      if (begin - at >= need && begin - at < bestGap)
        best = at, bestGap = begin - at;
      at = std::max(at, end);
    }
    storage->offset = best >= 0 ? best : at;
    placed.push_back(storage);
    size = std::max(size, storage->offset + need);
  }
  return size;
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
