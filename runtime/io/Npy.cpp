// A single array in a .npy file.
#include "runtime/core/Error.h"
#include "runtime/io/MappedFile.h"
#include "runtime/io/NpyHeader.h"

#include <cstring>

namespace vescale::runtime {
namespace {

class NpyFile : public TensorFile {
public:
  explicit NpyFile(const std::string &path) : file(path, "tensor file") {
    header = parseNpyHeader(file.data(), file.size(), path);
    if (header.headerBytes + header.dataBytes != file.size())
      fail(ExitCode::BadInput, path, ": shape ", shapeText(header.shape),
           " of ", dtypeName(header.dtype), " needs ", header.dataBytes,
           " bytes, the file holds ", file.size() - header.headerBytes);
    infos.push_back({"", header.dtype, header.shape, header.dataBytes});
  }
  void read(size_t, void *out) override {
    const char *in = file.data() + header.headerBytes;
    if (header.fortranOrder)
      fromFortranOrder(header.shape, dtypeBytes(header.dtype), in,
                       static_cast<char *>(out));
    else if (header.dataBytes)
      std::memcpy(out, in, header.dataBytes);
  }
  const char *data(size_t) override {
    return header.fortranOrder ? nullptr : file.data() + header.headerBytes;
  }

private:
  MappedFile file;
  NpyHeader header;
};

} // namespace

std::unique_ptr<TensorFile> openNpy(const std::string &path) {
  return std::make_unique<NpyFile>(path);
}

} // namespace vescale::runtime
