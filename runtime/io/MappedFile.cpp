// Maps files read-only.
#include "runtime/io/MappedFile.h"

#include "runtime/core/Error.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vescale::runtime {

MappedFile::MappedFile(const std::string &path, const std::string &what,
                       Access access)
    : name(path) {
  // Opening a pipe must not wait for its other end.
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    fail(ExitCode::BadInput, what, " '", path, "': ", errnoText());
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    fail(ExitCode::BadInput, what, " '", path, "' is not a regular file");
  }
  bytes = info.st_size;
  if (bytes > 0) {
    void *map = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
      close(fd);
      fail(ExitCode::BadInput, what, " '", path, "': can't map ", bytes,
           " bytes: ", errnoText());
    }
    base = static_cast<char *>(map);
    if (access == Access::OnlyTouched)
      madvise(map, bytes, MADV_RANDOM);
  }
  close(fd);
}

MappedFile::~MappedFile() {
  if (base)
    munmap(base, bytes);
}

static void advise(const char *at, int64_t bytes, int advice) {
  constexpr uintptr_t page = 4096;
  uintptr_t from = reinterpret_cast<uintptr_t>(at) / page * page;
  uintptr_t to = reinterpret_cast<uintptr_t>(at) + bytes;
  if (bytes > 0)
    madvise(reinterpret_cast<void *>(from), to - from, advice);
}

void prefetchPages(const char *at, int64_t bytes) {
  advise(at, bytes, MADV_WILLNEED);
}

void releasePages(const char *at, int64_t bytes) {
  advise(at, bytes, MADV_DONTNEED);
}

} // namespace vescale::runtime
