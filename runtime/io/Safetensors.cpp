// Tensors in a .safetensors file.
#include "runtime/core/Error.h"
#include "runtime/io/SafetensorsHeader.h"
#include "runtime/io/TensorFile.h"

#include <cstring>

namespace vescale::runtime {
namespace {

class SafetensorsFile : public TensorFile {
public:
  explicit SafetensorsFile(const std::string &path)
      : file(path, "tensor file") {
    for (SafetensorsEntry &entry : readSafetensorsHeader(file)) {
      if (!entry.dtype)
        fail(ExitCode::BadInput, path, ": tensor '", entry.name,
             "': element type '", entry.dtypeText, "' is not supported");
      infos.push_back({std::move(entry.name), *entry.dtype,
                       std::move(entry.shape), entry.bytes});
      offsets.push_back(entry.offset);
    }
  }
  void read(size_t index, void *out) override {
    if (infos[index].bytes)
      std::memcpy(out, data(index), infos[index].bytes);
  }
  const char *data(size_t index) override {
    return file.data() + offsets[index];
  }

private:
  MappedFile file;
  std::vector<int64_t> offsets;
};

} // namespace

std::unique_ptr<TensorFile> openSafetensors(const std::string &path) {
  return std::make_unique<SafetensorsFile>(path);
}

} // namespace vescale::runtime
