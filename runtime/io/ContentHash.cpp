// Stamps of files; hashes of files and of bytes.
#include "runtime/io/ContentHash.h"

#include "runtime/core/Error.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <vector>

namespace vescale::runtime {
namespace {

[[noreturn]] void unreadable(const std::string &path) {
  fail(ExitCode::BadInput, "weights file '", path, "': ", errnoText());
}

class Descriptor {
public:
  explicit Descriptor(const std::string &path)
      : fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (fd < 0)
      unreadable(path);
  }
  ~Descriptor() { close(fd); }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;

  const int fd;
};

} // namespace

FileStamp stampOf(const std::string &path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0)
    unreadable(path);
  auto nanoseconds = [](const timespec &time) {
    return int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
  };
  return {info.st_size, nanoseconds(info.st_mtim), nanoseconds(info.st_ctim)};
}

std::string contentHash(const std::string &path) {
  Descriptor file(path);
  posix_fadvise(file.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(
      XXH3_createState(), XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::vector<char> block(size_t(1) << 20);
  while (true) {
    ssize_t length = read(file.fd, block.data(), block.size());
    if (length < 0)
      unreadable(path);
    if (length == 0)
      break;
    XXH3_128bits_update(state.get(), block.data(), length);
  }
  XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  return ContentHash{hash.high64, hash.low64}.text();
}

std::string ContentHash::text() const {
  char text[33];
  std::snprintf(text, sizeof(text), "%016llx%016llx",
                static_cast<unsigned long long>(high),
                static_cast<unsigned long long>(low));
  return text;
}

ContentHash hashBytes(const void *data, int64_t bytes) {
  XXH128_hash_t hash = XXH3_128bits(data, bytes);
  return {hash.high64, hash.low64};
}

std::optional<ContentHash> parseHash(const std::string &text) {
  if (text.size() != 32 ||
      text.find_first_not_of("0123456789abcdef") != std::string::npos)
    return std::nullopt;
  return ContentHash{std::stoull(text.substr(0, 16), nullptr, 16),
                     std::stoull(text.substr(16), nullptr, 16)};
}

} // namespace vescale::runtime
