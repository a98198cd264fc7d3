// Arrays in a .npz archive, stored or deflated, through libzip.
#include "runtime/core/Error.h"
#include "runtime/io/NpyHeader.h"

#include <zip.h>

#include <algorithm>
#include <cstring>

namespace vescale::runtime {
namespace {

constexpr zip_int64_t maxEntries = 65536;

std::string zipErrorText(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

class NpzFile : public TensorFile {
public:
  explicit NpzFile(const std::string &path) : path(path) {
    int code = 0;
    archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
    if (!archive)
      fail(ExitCode::BadInput, "tensor file '", path,
           "': ", zipErrorText(code));
    try {
      readDirectory();
    } catch (...) {
      zip_discard(archive);
      throw;
    }
  }
  ~NpzFile() override { zip_discard(archive); }

  void read(size_t index, void *out) override {
    const NpyHeader &header = headers[index];
    zip_file_t *file = openEntry(index);
    std::vector<char> columnMajor;
    char *target = static_cast<char *>(out);
    if (header.fortranOrder) {
      columnMajor.resize(header.dataBytes);
      target = columnMajor.data();
    }
    std::vector<char> skip(header.headerBytes);
    bool good = readFully(file, skip.data(), header.headerBytes) &&
                readFully(file, target, header.dataBytes);
    // The end of the entry must be here too; libzip checks the CRC there.
    char extra;
    good = good && zip_fread(file, &extra, 1) == 0;
    zip_fclose(file);
    if (!good)
      fail(ExitCode::BadInput, label(index), ": the data is damaged");
    if (header.fortranOrder)
      fromFortranOrder(header.shape, dtypeBytes(header.dtype), target,
                       static_cast<char *>(out));
  }

private:
  std::string label(size_t index) const {
    return cat(path, ": array '", infos[index].name, "'");
  }
  static bool readFully(zip_file_t *file, char *out, int64_t bytes) {
    while (bytes > 0) {
      zip_int64_t got =
          zip_fread(file, out, std::min<int64_t>(bytes, int64_t(1) << 30));
      if (got <= 0)
        return false;
      out += got;
      bytes -= got;
    }
    return true;
  }
  zip_file_t *openEntry(size_t index) {
    zip_file_t *file = zip_fopen_index(archive, entries[index], 0);
    if (!file)
      fail(ExitCode::BadInput, label(index), ": ", zip_strerror(archive));
    return file;
  }
  void readDirectory() {
    zip_int64_t count = zip_get_num_entries(archive, 0);
    if (count > maxEntries)
      fail(ExitCode::BadInput, path, ": ", count, " entries, at most ",
           maxEntries, " are accepted");
    for (zip_int64_t i = 0; i < count; ++i) {
      zip_stat_t stat;
      if (zip_stat_index(archive, i, 0, &stat) != 0 ||
          !(stat.valid & ZIP_STAT_NAME) || !(stat.valid & ZIP_STAT_SIZE))
        fail(ExitCode::BadInput, path, ": entry ", i,
             " can't be read: ", zip_strerror(archive));
      std::string name = stat.name;
      if (name.size() > 4 && name.compare(name.size() - 4, 4, ".npy") == 0)
        name.resize(name.size() - 4);
      if (find(name))
        fail(ExitCode::BadInput, path, ": array '", name,
             "' is there more than once");
      infos.push_back({name, VS_F32, {}, 0});
      headers.emplace_back();
      entries.push_back(i);
      readHeader(infos.size() - 1, static_cast<int64_t>(stat.size));
    }
  }
  void readHeader(size_t index, int64_t entryBytes) {
    std::vector<char> start(
        std::max<int64_t>(0, std::min<int64_t>(entryBytes, maxNpyHeader)));
    zip_file_t *file = openEntry(index);
    bool good = readFully(file, start.data(), start.size());
    zip_fclose(file);
    if (!good)
      fail(ExitCode::BadInput, label(index), ": the data is damaged");
    NpyHeader header = parseNpyHeader(start.data(), start.size(), label(index));
    if (header.headerBytes + header.dataBytes != entryBytes)
      fail(ExitCode::BadInput, label(index), ": shape ",
           shapeText(header.shape), " of ", dtypeName(header.dtype), " needs ",
           header.dataBytes, " bytes, the entry holds ",
           entryBytes - header.headerBytes);
    infos[index].dtype = header.dtype;
    infos[index].shape = header.shape;
    infos[index].bytes = header.dataBytes;
    headers[index] = header;
  }

  std::string path;
  zip_t *archive = nullptr;
  std::vector<NpyHeader> headers;
  std::vector<zip_uint64_t> entries;
};

} // namespace

std::unique_ptr<TensorFile> openNpz(const std::string &path) {
  return std::make_unique<NpzFile>(path);
}

} // namespace vescale::runtime
