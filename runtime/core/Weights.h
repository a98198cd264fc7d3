// Which files a run takes its weights from.
#ifndef VESCALE_RUNTIME_CORE_WEIGHTS_H
#define VESCALE_RUNTIME_CORE_WEIGHTS_H

#include "runtime/core/Manifest.h"
#include "runtime/io/NameMatch.h"

#include <functional>

namespace vescale::runtime {

using Say = std::function<void(const std::string &)>;

/// Makes the author's parameters those of the checkpoint at `path`. BadInput
/// failures: no checkpoint, missing names, other shapes or types, a bundle
/// whose weights are not all known by name.
void takeCheckpoint(Manifest &manifest, const std::string &path, Tied tied,
                    const Say &say);

/// Refuses files outside the bundle that changed since it was compiled. A file
/// whose stamp is the recorded one is not read. Where it isn't, the content
/// decides, which `hashes` says this process is to read.
void checkReferences(const Manifest &manifest, bool hashes, const Say &say);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_WEIGHTS_H
