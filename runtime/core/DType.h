// Element types: sizes, names, and how NumPy and safetensors call them.
#ifndef VESCALE_RUNTIME_CORE_DTYPE_H
#define VESCALE_RUNTIME_CORE_DTYPE_H

#include "runtime/core/abi.h"

#include <optional>
#include <string>

namespace vescale::runtime {

struct DTypeInfo {
  vs_dtype dtype;
  int64_t bytes;
  const char *name;        // in the manifest
  const char *numpy;       // in a .npy header; null: not expressible
  const char *safetensors; // in a safetensors header
};

/// The entry for `dtype`, or null for a number that is no element type.
const DTypeInfo *dtypeInfo(int32_t dtype);
std::optional<vs_dtype> dtypeFromName(const std::string &name);
std::optional<vs_dtype> dtypeFromNumpy(const std::string &name);
std::optional<vs_dtype> dtypeFromSafetensors(const std::string &name);

inline int64_t dtypeBytes(vs_dtype dtype) { return dtypeInfo(dtype)->bytes; }
inline const char *dtypeName(vs_dtype dtype) { return dtypeInfo(dtype)->name; }

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_DTYPE_H
