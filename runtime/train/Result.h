// What a training program returns: numbers, under their names.
#ifndef VESCALE_RUNTIME_TRAIN_RESULT_H
#define VESCALE_RUNTIME_TRAIN_RESULT_H

#include "runtime/core/Manifest.h"
#include "runtime/kernels/Step.h"

#include <cmath>
#include <cstring>

namespace vescale::runtime {

/// The float output of this name; NaN if there is none.
inline double resultOf(const Manifest &manifest, const Addresses &addresses,
                       const char *name) {
  for (const Port &port : manifest.outputs) {
    if (port.name != name)
      continue;
    const char *at = addresses.at({port.at.space, 0, port.at.offset});
    double value;
    float narrow;
    if (port.dtype == VS_F64) {
      std::memcpy(&value, at, sizeof(value));
      return value;
    }
    if (port.dtype == VS_F32) {
      std::memcpy(&narrow, at, sizeof(narrow));
      return narrow;
    }
  }
  return NAN;
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRAIN_RESULT_H
