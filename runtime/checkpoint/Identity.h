// Which program and plan a checkpoint comes from.
#ifndef VESCALE_RUNTIME_CHECKPOINT_IDENTITY_H
#define VESCALE_RUNTIME_CHECKPOINT_IDENTITY_H

#include "runtime/checkpoint/Index.h"

namespace vescale::runtime {

/// Sets `plan` to the hash of the bundle's plan.json and `program` to that of
/// its programs' hashes.
void identify(Progress &progress, const Manifest &manifest,
              const std::string &bundle);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_IDENTITY_H
