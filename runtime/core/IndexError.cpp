// Kernels report from any thread; the executor asks between steps.
#include "runtime/core/IndexError.h"

#include "runtime/core/abi.h"

#include <atomic>

namespace vescale::runtime {
namespace {

// free → writing → ready: only the first report is kept.
enum class Slot { Free, Writing, Ready };
std::atomic<Slot> slot{Slot::Free};
IndexError first;

} // namespace

std::optional<IndexError> takeIndexError() {
  if (slot.load(std::memory_order_acquire) != Slot::Ready)
    return std::nullopt;
  IndexError error = first;
  slot.store(Slot::Free, std::memory_order_release);
  return error;
}

} // namespace vescale::runtime

extern "C" __attribute__((visibility("default"))) void
vs_index_error(int64_t index, int64_t size) {
  using namespace vescale::runtime;
  Slot expected = Slot::Free;
  if (!slot.compare_exchange_strong(expected, Slot::Writing))
    return;
  first = {index, size};
  slot.store(Slot::Ready, std::memory_order_release);
}
