// The header of a .safetensors file: which of its bytes are which tensor.
#ifndef VESCALE_RUNTIME_IO_SAFETENSORSHEADER_H
#define VESCALE_RUNTIME_IO_SAFETENSORSHEADER_H

#include "runtime/core/DType.h"
#include "runtime/io/MappedFile.h"

#include <optional>
#include <string>
#include <vector>

namespace vescale::runtime {

/// The format's own limit.
inline constexpr uint64_t maxSafetensorsHeader = 100'000'000;

struct SafetensorsEntry {
  std::string name;
  std::string dtypeText;         // as the file has it
  std::optional<vs_dtype> dtype; // none for types that are not supported
  std::vector<int64_t> shape;
  int64_t offset; // in the file
  int64_t bytes;  // inside the file; agrees with shape and dtype if supported
};

/// A BadInput failure that names the file, and the tensor, for a malformed one.
std::vector<SafetensorsEntry> readSafetensorsHeader(const MappedFile &file);
/// The same where only the first bytes of the file are in memory, the header
/// among them.
std::vector<SafetensorsEntry> parseSafetensorsHeader(const char *start,
                                                     int64_t startBytes,
                                                     int64_t fileBytes,
                                                     const std::string &path);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_IO_SAFETENSORSHEADER_H
