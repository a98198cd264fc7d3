// The seam through which checkpoints touch the file system, so that tests can
// stop a save at any operation, lose what was not synced, and fill the disk.
#ifndef VESCALE_RUNTIME_CHECKPOINT_FILEOPS_H
#define VESCALE_RUNTIME_CHECKPOINT_FILEOPS_H

#include <cstdint>
#include <string>
#include <vector>

namespace vescale::runtime {

/// The operations of the file system. What they return is negative for an
/// error: -errno. A write may be short.
class FileOps {
public:
  struct Entry {
    std::string name;
    bool isDirectory;
  };

  virtual ~FileOps() = default;
  /// Makes the file, or empties it.
  virtual int openWrite(const std::string &path) = 0;
  virtual int openRead(const std::string &path) = 0;
  virtual int64_t write(int file, const void *data, int64_t bytes) = 0;
  virtual int64_t read(int file, void *data, int64_t bytes, int64_t offset) = 0;
  /// -EISDIR and the like for what is no regular file.
  virtual int64_t size(int file) = 0;
  /// Hints, which may do nothing. What is written from now on is not soon read
  /// again and need not stay in memory.
  virtual void passCache(int file) {}
  /// What was written will be synced: the disk may begin.
  virtual void startSync(int file) {}
  /// These bytes will be read: the disk may begin.
  virtual void startRead(int file, int64_t offset, int64_t bytes) {}

  virtual int sync(int file) = 0;
  virtual int close(int file) = 0;
  virtual int makeDirectory(const std::string &path) = 0;
  virtual int removeDirectory(const std::string &path) = 0;
  virtual int syncDirectory(const std::string &path) = 0;
  virtual int list(const std::string &path, std::vector<Entry> &entries) = 0;
  virtual int rename(const std::string &from, const std::string &to) = 0;
  virtual int unlink(const std::string &path) = 0;
};

/// Those of the machine.
FileOps &systemFiles();

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_FILEOPS_H
