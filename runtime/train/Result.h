// What a training program returns: numbers, under their names.
#ifndef VESCALE_RUNTIME_TRAIN_RESULT_H
#define VESCALE_RUNTIME_TRAIN_RESULT_H

#include "runtime/core/Manifest.h"
#include "runtime/core/Number.h"
#include "runtime/kernels/Step.h"

#include <cmath>

namespace vescale::runtime {

/// The scalar output of this name; NaN if there is none.
inline double resultOf(const Manifest &manifest, const Addresses &addresses,
                       const char *name) {
  for (const Port &port : manifest.outputs)
    if (port.name == name)
      return numberAt(port.dtype,
                      addresses.at({port.at.space, 0, port.at.offset}));
  return NAN;
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRAIN_RESULT_H
