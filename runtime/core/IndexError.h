// Indices out of range that kernels have found.
#ifndef VESCALE_RUNTIME_CORE_INDEXERROR_H
#define VESCALE_RUNTIME_CORE_INDEXERROR_H

#include <cstdint>
#include <optional>

namespace vescale::runtime {

struct IndexError {
  int64_t index, size;
};

/// The first one since the last call.
std::optional<IndexError> takeIndexError();

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_INDEXERROR_H
