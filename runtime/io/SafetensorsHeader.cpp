// Reads and bounds the header of a .safetensors file.
#include "runtime/io/SafetensorsHeader.h"

#include "runtime/core/Error.h"
#include "runtime/io/TensorFile.h"

#include <nlohmann/json.hpp>

#include <cstring>

namespace vescale::runtime {
namespace {

using Json = nlohmann::json;

int64_t sizeField(const Json &value, const std::string &what) {
  if (!value.is_number_unsigned() ||
      value.get<uint64_t>() > uint64_t(INT64_MAX))
    fail(ExitCode::BadInput, what, " is not a size");
  return static_cast<int64_t>(value.get<uint64_t>());
}

SafetensorsEntry readEntry(const std::string &path, int64_t fileBytes,
                           int64_t dataStart, const std::string &name,
                           const Json &entry) {
  std::string what = cat(path, ": tensor '", name, "'");
  if (!entry.is_object() || !entry.contains("dtype") ||
      !entry.contains("shape") || !entry.contains("data_offsets") ||
      !entry["dtype"].is_string() || !entry["shape"].is_array() ||
      entry["shape"].size() > 32 || !entry["data_offsets"].is_array() ||
      entry["data_offsets"].size() != 2)
    fail(ExitCode::BadInput, what, ": malformed entry");
  SafetensorsEntry result;
  result.name = name;
  result.dtypeText = entry["dtype"].get<std::string>();
  result.dtype = dtypeFromSafetensors(result.dtypeText);
  for (const Json &size : entry["shape"])
    result.shape.push_back(sizeField(size, what + ": a dimension"));
  int64_t begin = sizeField(entry["data_offsets"][0], what + ": its start");
  int64_t end = sizeField(entry["data_offsets"][1], what + ": its end");
  if (begin > end || end > fileBytes - dataStart)
    fail(ExitCode::BadInput, what, ": bytes ", begin, " to ", end,
         " lie outside the file's ", fileBytes - dataStart);
  result.offset = dataStart + begin;
  result.bytes = end - begin;
  if (result.dtype &&
      checkedBytes(result.shape, dtypeBytes(*result.dtype)) != result.bytes)
    fail(ExitCode::BadInput, what, ": shape ", shapeText(result.shape), " of ",
         dtypeName(*result.dtype), " does not fill its ", result.bytes,
         " bytes");
  return result;
}

} // namespace

std::vector<SafetensorsEntry> parseSafetensorsHeader(const char *start,
                                                     int64_t startBytes,
                                                     int64_t fileBytes,
                                                     const std::string &path) {
  if (startBytes < 8)
    fail(ExitCode::BadInput, path, ": not a safetensors file");
  uint64_t length;
  std::memcpy(&length, start, 8);
  if (length > maxSafetensorsHeader || length > uint64_t(startBytes - 8))
    fail(ExitCode::BadInput, path, ": header of ", length,
         " bytes in a file of ", fileBytes);
  int64_t dataStart = 8 + static_cast<int64_t>(length);
  Json header = Json::parse(start + 8, start + dataStart, nullptr,
                            /*allow_exceptions=*/false);
  if (!header.is_object())
    fail(ExitCode::BadInput, path, ": the header is not a JSON object");
  std::vector<SafetensorsEntry> entries;
  for (const auto &item : header.items())
    if (item.key() != "__metadata__")
      entries.push_back(
          readEntry(path, fileBytes, dataStart, item.key(), item.value()));
  return entries;
}

std::vector<SafetensorsEntry> readSafetensorsHeader(const MappedFile &file) {
  return parseSafetensorsHeader(file.data(), file.size(), file.size(),
                                file.path());
}

} // namespace vescale::runtime
