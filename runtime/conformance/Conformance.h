// The suite that every transport must pass: all kinds of collectives over
// element types, sizes, groups and places, against their definitions.
#ifndef VESCALE_RUNTIME_CONFORMANCE_CONFORMANCE_H
#define VESCALE_RUNTIME_CONFORMANCE_CONFORMANCE_H

#include "runtime/transport/Transport.h"

#include <string>

namespace vescale::runtime {

/// Sets the transport up and runs the suite; called by every rank of the world.
/// Returns what is wrong first, or nothing. `count` counts the collectives.
std::string runConformance(Transport &transport, bool yield, int64_t &count);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CONFORMANCE_CONFORMANCE_H
