// Tells whether a file is the one that was seen before.
#ifndef VESCALE_RUNTIME_IO_CONTENTHASH_H
#define VESCALE_RUNTIME_IO_CONTENTHASH_H

#include <cstdint>
#include <string>

namespace vescale::runtime {

/// What the file system says of a file. Every write changes it: times of
/// modification can be set back, times of change can't.
struct FileStamp {
  int64_t bytes, modifiedNs, changedNs;

  bool operator==(const FileStamp &other) const {
    return bytes == other.bytes && modifiedNs == other.modifiedNs &&
           changedNs == other.changedNs;
  }
};

/// BadInput failures where the file can't be read.
FileStamp stampOf(const std::string &path);
/// XXH3-128 of the whole content in hexadecimal, as `xxhsum -H2` prints it.
std::string contentHash(const std::string &path);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_IO_CONTENTHASH_H
