//===- ExternalData.cpp - Which bytes of which file a tensor is -----------===//
//
// External data may only lie in regular files in or below the model's own
// directory, symbolic links resolved. Only the position is recorded.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/Reader.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

namespace vescale::onnx {

namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

static std::string directoryOf(llvm::StringRef modelPath) {
  llvm::StringRef directory = path::parent_path(modelPath);
  return directory.empty() ? "." : directory.str();
}

/// Why `location` must not even be looked up; empty if it may.
static std::string refuseLocation(llvm::StringRef location) {
  if (location.empty())
    return "names no file";
  if (location.contains('\0'))
    return "contains a NUL byte";
  if (path::is_absolute(location) || location.starts_with("/") ||
      location.starts_with("\\"))
    return "is an absolute path";
  for (auto part = path::begin(location); part != path::end(location); ++part)
    if (*part == "..")
      return "leads out of the model's directory";
  return {};
}

bool resolveExternalData(Tensor &tensor, const Metadata &entries,
                         llvm::StringRef modelPath, DataFiles files,
                         Problems &problems) {
  std::string what = "tensor '" + tensor.name + "': external data ";
  auto fail = [&](const llvm::Twine &message) {
    problems.add(what + message);
    return false;
  };
  auto failFile = [&](const llvm::Twine &message) {
    problems.addOnce(what, message);
    return false;
  };
  llvm::StringRef location = lookup(entries, "location");
  FileRegion region;
  auto number = [&](llvm::StringRef key, uint64_t &value) {
    llvm::StringRef text = lookup(entries, key);
    return text.empty() || !text.getAsInteger(10, value);
  };
  uint64_t expected = tensor.numBytes();
  region.length = expected;
  if (!number("offset", region.offset))
    return fail("has the offset '" + lookup(entries, "offset") +
                "', which is not a number of bytes");
  if (!number("length", region.length))
    return fail("has the length '" + lookup(entries, "length") +
                "', which is not a number of bytes");
  if (region.length != expected)
    return fail("is " + llvm::Twine(region.length) +
                " bytes long, but its shape"
                " and element type need " +
                llvm::Twine(expected));
  if (std::string why = refuseLocation(location); !why.empty())
    return failFile("location '" + location + "' " + why);

  std::string directory = directoryOf(modelPath);
  llvm::SmallString<256> joined(directory), real, realDirectory;
  path::append(joined, location);
  region.path = joined.str().str();
  region.name = location.str();
  if (files == DataFiles::Optional && !fs::exists(joined)) {
    tensor.region = std::move(region);
    return true;
  }
  if (std::error_code error = fs::real_path(joined, real))
    return failFile("file '" + joined + "' can't be opened: " +
                    error.message() + "; put it beside the model");
  if (std::error_code error = fs::real_path(directory, realDirectory))
    return failFile("directory '" + directory + "': " + error.message());
  llvm::StringRef rest = real;
  if (!rest.consume_front(realDirectory) ||
      !(realDirectory.ends_with("/") || rest.starts_with("/")))
    return failFile("location '" + location +
                    "' is a link that leads out of the model's directory");
  fs::file_status status;
  if (std::error_code error = fs::status(real, status))
    return failFile("file '" + joined + "': " + error.message());
  if (status.type() != fs::file_type::regular_file)
    return failFile("location '" + location + "' is not a regular file");
  if (region.offset > status.getSize() ||
      region.length > status.getSize() - region.offset)
    return fail("bytes " + llvm::Twine(region.offset) + " to " +
                llvm::Twine(region.offset) + " + " +
                llvm::Twine(region.length) + " lie past the end of '" +
                location + "' (" + llvm::Twine(status.getSize()) + " bytes)");
  tensor.region = std::move(region);
  return true;
}

std::optional<std::string> readBytes(const Tensor &tensor) {
  if (!tensor.region)
    return tensor.bytes;
  if (tensor.region->length == 0)
    return std::string();
  auto buffer = llvm::MemoryBuffer::getFileSlice(
      tensor.region->path, tensor.region->length, tensor.region->offset);
  if (!buffer || (*buffer)->getBufferSize() != tensor.region->length)
    return std::nullopt;
  return (*buffer)->getBuffer().str();
}

} // namespace vescale::onnx
