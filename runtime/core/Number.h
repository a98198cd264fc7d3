// Numbers as elements of any type, and elements as numbers.
#ifndef VESCALE_RUNTIME_CORE_NUMBER_H
#define VESCALE_RUNTIME_CORE_NUMBER_H

#include "runtime/core/DType.h"
#include "runtime/core/Layout.h"

namespace vescale::runtime {

/// Why no element of the type is the number, rounded; empty if one is.
std::string cantHold(vs_dtype dtype, double value);

/// Writes `count` elements, each the nearest to `value`.
void fillElements(vs_dtype dtype, double value, int64_t count, char *to);

/// Fills a rank's buffer; what lies past the shard's valid elements is zero.
void fillShard(vs_dtype dtype, double value, const Shard &shard, char *to);

/// The element as a double, to which i64 rounds.
double numberAt(vs_dtype dtype, const char *element);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_NUMBER_H
