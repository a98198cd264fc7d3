// Tells whether a file, or bytes, are those that were seen before.
#ifndef VESCALE_RUNTIME_IO_CONTENTHASH_H
#define VESCALE_RUNTIME_IO_CONTENTHASH_H

#include <cstdint>
#include <optional>
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

/// XXH3-128 of bytes in memory.
struct ContentHash {
  uint64_t high = 0, low = 0;

  std::string text() const; // 32 hexadecimal digits
  bool operator==(const ContentHash &other) const {
    return high == other.high && low == other.low;
  }
  bool operator!=(const ContentHash &other) const { return !(*this == other); }
};

ContentHash hashBytes(const void *data, int64_t bytes);
/// Reads what text() writes, and nothing else.
std::optional<ContentHash> parseHash(const std::string &text);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_IO_CONTENTHASH_H
