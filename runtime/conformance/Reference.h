// The collectives by definition: one element of a rank's output at a time.
#ifndef VESCALE_RUNTIME_CONFORMANCE_REFERENCE_H
#define VESCALE_RUNTIME_CONFORMANCE_REFERENCE_H

#include "runtime/transport/Group.h"

namespace vescale::runtime {

double loadNumber(vs_dtype dtype, const char *buffer, int64_t index);
void storeNumber(vs_dtype dtype, char *buffer, int64_t index, double value);

/// Element `index` of `rank`'s input in case `number`.
double caseInput(vs_dtype dtype, int64_t number, int rank, int64_t index);

/// Element `index` of the output of the member that `group` belongs to.
double expectedElement(const vs_collective &op, const Group &group,
                       int64_t number, int64_t index);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CONFORMANCE_REFERENCE_H
