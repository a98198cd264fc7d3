// The file system's operations by POSIX.
#include "runtime/checkpoint/FileOps.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace vescale::runtime {
namespace {

int64_t checked(int64_t result) { return result < 0 ? -errno : result; }

/// Whether writes go from memory to the disk without the page cache between.
/// False where that is not changed: the file system can't, or it is so already.
bool setDirect(int file, bool direct) {
  int flags = fcntl(file, F_GETFL);
  int wanted = direct ? flags | O_DIRECT : flags & ~O_DIRECT;
  return flags != -1 && wanted != flags && fcntl(file, F_SETFL, wanted) == 0;
}

class SystemFiles : public FileOps {
public:
  int openWrite(const std::string &path) override {
    return checked(
        open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  }
  int openRead(const std::string &path) override {
    // Opening a pipe must not wait for its other end.
    return checked(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  }
  int64_t write(int file, const void *data, int64_t bytes) override {
    int64_t result = checked(::write(file, data, bytes));
    // The disk takes whole sectors from aligned memory alone; the end of a file
    // takes the way through the page cache.
    if (result == -EINVAL && setDirect(file, false))
      result = checked(::write(file, data, bytes));
    return result;
  }
  void passCache(int file) override { setDirect(file, true); }
  void startSync(int file) override {
    sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE);
  }
  void startRead(int file, int64_t offset, int64_t bytes) override {
    posix_fadvise(file, offset, bytes, POSIX_FADV_WILLNEED);
  }
  int64_t read(int file, void *data, int64_t bytes, int64_t offset) override {
    return checked(pread(file, data, bytes, offset));
  }
  int64_t size(int file) override {
    struct stat info;
    if (fstat(file, &info) != 0)
      return -errno;
    if (S_ISDIR(info.st_mode))
      return -EISDIR;
    return S_ISREG(info.st_mode) ? info.st_size : -EINVAL;
  }
  int sync(int file) override { return checked(fsync(file)); }
  int close(int file) override { return checked(::close(file)); }
  int makeDirectory(const std::string &path) override {
    return checked(mkdir(path.c_str(), 0777));
  }
  int removeDirectory(const std::string &path) override {
    return checked(rmdir(path.c_str()));
  }
  int syncDirectory(const std::string &path) override {
    int file = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
      return -errno;
    int result = checked(fsync(file));
    ::close(file);
    // Some network file systems know no such thing, and need none.
    return result == -EINVAL ? 0 : result;
  }
  int list(const std::string &path, std::vector<Entry> &entries) override {
    DIR *directory = opendir(path.c_str());
    if (!directory)
      return -errno;
    entries.clear();
    errno = 0;
    while (dirent *entry = readdir(directory)) {
      std::string name = entry->d_name;
      if (name == "." || name == "..")
        continue;
      struct stat info;
      bool isDirectory = fstatat(dirfd(directory), entry->d_name, &info,
                                 AT_SYMLINK_NOFOLLOW) == 0 &&
                         S_ISDIR(info.st_mode);
      entries.push_back({name, isDirectory});
      errno = 0;
    }
    int result = -errno;
    closedir(directory);
    return result;
  }
  int rename(const std::string &from, const std::string &to) override {
    return checked(std::rename(from.c_str(), to.c_str()));
  }
  int unlink(const std::string &path) override {
    return checked(::unlink(path.c_str()));
  }
};

} // namespace

FileOps &systemFiles() {
  static SystemFiles files;
  return files;
}

} // namespace vescale::runtime
