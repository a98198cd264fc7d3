// Writes .npz (stored), .npy and .safetensors files.
#include "runtime/core/Error.h"
#include "runtime/io/NpyHeader.h"

#include <nlohmann/json.hpp>
#include <unistd.h>
#include <zip.h>

#include <cstdio>
#include <cstring>

namespace vescale::runtime {
namespace {

enum class Format { Npz, Npy, Safetensors };

Format formatOf(const std::string &path) {
  auto endsWith = [&](const char *end) {
    size_t length = std::strlen(end);
    return path.size() >= length &&
           path.compare(path.size() - length, length, end) == 0;
  };
  if (endsWith(".npz"))
    return Format::Npz;
  if (endsWith(".npy"))
    return Format::Npy;
  if (endsWith(".safetensors"))
    return Format::Safetensors;
  fail(ExitCode::BadInput, "output file '", path,
       "': the name must end in .npz, .npy or .safetensors");
}

/// A file under a temporary name, removed unless it is committed.
class PendingFile {
public:
  explicit PendingFile(const std::string &path)
      : path(path), temporary(cat(path, ".tmp.", getpid())),
        file(std::fopen(temporary.c_str(), "wb")) {
    if (!file)
      fail(ExitCode::RunFailed, "can't write '", temporary, "': ", errnoText());
  }
  ~PendingFile() {
    if (file) {
      std::fclose(file);
      std::remove(temporary.c_str());
    }
  }
  void write(const void *data, size_t bytes) {
    if (bytes && std::fwrite(data, 1, bytes, file) != bytes)
      fail(ExitCode::RunFailed, "can't write '", path, "': ", errnoText());
  }
  void commit() {
    std::FILE *closing = file;
    file = nullptr;
    if (std::fclose(closing) != 0 ||
        std::rename(temporary.c_str(), path.c_str()) != 0) {
      std::string why = errnoText();
      std::remove(temporary.c_str());
      fail(ExitCode::RunFailed, "can't write '", path, "': ", why);
    }
  }

private:
  std::string path, temporary;
  std::FILE *file;
};

void writeNpy(const std::string &path, const TensorData &tensor) {
  PendingFile file(path);
  std::string header = makeNpyHeader(tensor.info);
  file.write(header.data(), header.size());
  file.write(tensor.data, tensor.info.bytes);
  file.commit();
}

void writeNpz(const std::string &path, const std::vector<TensorData> &tensors) {
  std::vector<std::string> headers;
  for (const TensorData &tensor : tensors)
    headers.push_back(makeNpyHeader(tensor.info));
  int code = 0;
  // libzip itself writes to a temporary file and renames it on close.
  zip_t *archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (!archive)
    fail(ExitCode::RunFailed, "can't write '", path, "': libzip error ", code);
  for (size_t i = 0; i < tensors.size(); ++i) {
    zip_buffer_fragment_t parts[2] = {
        {reinterpret_cast<zip_uint8_t *>(headers[i].data()), headers[i].size()},
        {reinterpret_cast<zip_uint8_t *>(const_cast<char *>(tensors[i].data)),
         static_cast<zip_uint64_t>(tensors[i].info.bytes)}};
    zip_source_t *source = zip_source_buffer_fragment(
        archive, parts, tensors[i].info.bytes ? 2 : 1, 0);
    std::string entry = tensors[i].info.name + ".npy";
    zip_int64_t index =
        source ? zip_file_add(archive, entry.c_str(), source, ZIP_FL_ENC_UTF_8)
               : -1;
    if (index < 0 ||
        zip_set_file_compression(archive, index, ZIP_CM_STORE, 0) != 0) {
      std::string why = zip_strerror(archive);
      zip_discard(archive);
      fail(ExitCode::RunFailed, "can't write '", path, "': ", why);
    }
  }
  if (zip_close(archive) != 0) {
    std::string why = zip_strerror(archive);
    zip_discard(archive);
    fail(ExitCode::RunFailed, "can't write '", path, "': ", why);
  }
}

void writeSafetensors(const std::string &path,
                      const std::vector<TensorData> &tensors) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  int64_t offset = 0;
  for (const TensorData &tensor : tensors) {
    header[tensor.info.name] = {
        {"dtype", dtypeInfo(tensor.info.dtype)->safetensors},
        {"shape", tensor.info.shape},
        {"data_offsets", {offset, offset + tensor.info.bytes}}};
    offset += tensor.info.bytes;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  uint64_t length = text.size();
  PendingFile file(path);
  file.write(&length, 8);
  file.write(text.data(), text.size());
  for (const TensorData &tensor : tensors)
    file.write(tensor.data, tensor.info.bytes);
  file.commit();
}

} // namespace

void checkWritable(const std::string &path,
                   const std::vector<TensorInfo> &tensors) {
  Format format = formatOf(path);
  if (format == Format::Npy && tensors.size() != 1)
    fail(ExitCode::BadInput, "output file '", path,
         "': a .npy holds one "
         "array, the program has ",
         tensors.size(), " outputs; use .npz or .safetensors");
  for (const TensorInfo &tensor : tensors)
    if (format != Format::Safetensors && !dtypeInfo(tensor.dtype)->numpy)
      fail(ExitCode::BadInput, "output file '", path, "': output '",
           tensor.name, "' is ", dtypeName(tensor.dtype),
           ", which only a .safetensors file can hold");
}

void writeTensorFile(const std::string &path,
                     const std::vector<TensorData> &tensors) {
  switch (formatOf(path)) {
  case Format::Npz:
    return writeNpz(path, tensors);
  case Format::Npy:
    return writeNpy(path, tensors.at(0));
  case Format::Safetensors:
    return writeSafetensors(path, tensors);
  }
}

} // namespace vescale::runtime
