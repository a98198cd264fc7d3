// Tensors in a .safetensors file.
#include "runtime/core/Error.h"
#include "runtime/io/MappedFile.h"
#include "runtime/io/TensorFile.h"

#include <nlohmann/json.hpp>

#include <cstring>

namespace vescale::runtime {
namespace {

using Json = nlohmann::json;
constexpr uint64_t maxHeader = 100'000'000; // the format's own limit

int64_t sizeField(const Json &value, const std::string &what) {
  if (!value.is_number_unsigned() ||
      value.get<uint64_t>() > uint64_t(INT64_MAX))
    fail(ExitCode::BadInput, what, " is not a size");
  return static_cast<int64_t>(value.get<uint64_t>());
}

class SafetensorsFile : public TensorFile {
public:
  explicit SafetensorsFile(const std::string &path)
      : file(path, "tensor file") {
    if (file.size() < 8)
      fail(ExitCode::BadInput, path, ": not a safetensors file");
    uint64_t length;
    std::memcpy(&length, file.data(), 8);
    if (length > maxHeader || length > uint64_t(file.size() - 8))
      fail(ExitCode::BadInput, path, ": header of ", length,
           " bytes in a file of ", file.size());
    dataStart = 8 + static_cast<int64_t>(length);
    Json header = Json::parse(file.data() + 8, file.data() + dataStart, nullptr,
                              /*allow_exceptions=*/false);
    if (!header.is_object())
      fail(ExitCode::BadInput, path, ": the header is not a JSON object");
    for (const auto &item : header.items())
      if (item.key() != "__metadata__")
        addTensor(item.key(), item.value());
  }
  void read(size_t index, void *out) override {
    if (infos[index].bytes)
      std::memcpy(out, data(index), infos[index].bytes);
  }
  const char *data(size_t index) override {
    return file.data() + dataStart + offsets[index];
  }

private:
  void addTensor(const std::string &name, const Json &entry) {
    std::string what = cat(file.path(), ": tensor '", name, "'");
    if (!entry.is_object() || !entry.contains("dtype") ||
        !entry.contains("shape") || !entry.contains("data_offsets") ||
        !entry["dtype"].is_string() || !entry["shape"].is_array() ||
        entry["shape"].size() > 32 || !entry["data_offsets"].is_array() ||
        entry["data_offsets"].size() != 2)
      fail(ExitCode::BadInput, what, ": malformed entry");
    auto dtype = dtypeFromSafetensors(entry["dtype"].get<std::string>());
    if (!dtype)
      fail(ExitCode::BadInput, what, ": element type '",
           entry["dtype"].get<std::string>(), "' is not supported");
    TensorInfo info{name, *dtype, {}, 0};
    for (const Json &size : entry["shape"])
      info.shape.push_back(sizeField(size, what + ": a dimension"));
    int64_t begin = sizeField(entry["data_offsets"][0], what + ": its start");
    int64_t end = sizeField(entry["data_offsets"][1], what + ": its end");
    info.bytes = checkedBytes(info.shape, dtypeBytes(*dtype));
    if (begin > end || end > file.size() - dataStart)
      fail(ExitCode::BadInput, what, ": bytes ", begin, " to ", end,
           " lie outside the file's ", file.size() - dataStart);
    if (info.bytes != end - begin)
      fail(ExitCode::BadInput, what, ": shape ", shapeText(info.shape), " of ",
           dtypeName(*dtype), " does not fill its ", end - begin, " bytes");
    infos.push_back(std::move(info));
    offsets.push_back(begin);
  }

  MappedFile file;
  int64_t dataStart = 0;
  std::vector<int64_t> offsets;
};

} // namespace

std::unique_ptr<TensorFile> openSafetensors(const std::string &path) {
  return std::make_unique<SafetensorsFile>(path);
}

} // namespace vescale::runtime
