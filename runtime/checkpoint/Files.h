// File operations that fail with a message: which file, and what the system
// said of it.
#ifndef VESCALE_RUNTIME_CHECKPOINT_FILES_H
#define VESCALE_RUNTIME_CHECKPOINT_FILES_H

#include "runtime/checkpoint/FileOps.h"

#include <optional>

namespace vescale::runtime {

/// A file being written; it is complete when sync() or close() has returned.
/// RunFailed failures.
class OutputFile {
public:
  OutputFile(FileOps &ops, const std::string &path);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  void write(const void *data, int64_t bytes);
  void write(const std::string &text) { write(text.data(), text.size()); }
  void passCache() { ops.passCache(file); }
  void startSync() { ops.startSync(file); }
  /// Waits until the disk has it, and closes it.
  void sync();
  /// For what nobody needs after a crash.
  void close();

private:
  [[noreturn]] void bad(int64_t code);

  FileOps &ops;
  std::string path;
  int file;
};

/// A file being read, `what` its name in messages. BadInput failures.
class InputFile {
public:
  InputFile(FileOps &ops, const std::string &path, const std::string &what);
  ~InputFile();
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;

  int64_t size() const { return bytes; }
  const std::string &path() const { return name; }
  /// All of [offset, offset + bytes), which must lie inside.
  void read(void *data, int64_t bytes, int64_t offset);
  /// A hint that they will be read.
  void startRead(int64_t offset, int64_t bytes) {
    ops.startRead(file, offset, bytes);
  }

private:
  [[noreturn]] void bad(const std::string &why);

  FileOps &ops;
  std::string name, what;
  int file;
  int64_t bytes = 0;
};

/// The error's text, e.g. "no space left on device", of a -errno.
std::string errorText(int64_t code);

/// Writes a small file and waits for the disk.
void writeSynced(FileOps &ops, const std::string &path,
                 const std::string &text);
/// Reads one of at most `most` bytes; nothing if there is none of the name.
std::optional<std::string> readWhole(FileOps &ops, const std::string &path,
                                     const std::string &what, int64_t most);

/// RunFailed failures.
void makeDirectory(FileOps &ops, const std::string &path); // may be there
/// With those above it, and syncs what it makes them in.
void makeDirectories(FileOps &ops, const std::string &path);
void syncDirectory(FileOps &ops, const std::string &path);
void renameFile(FileOps &ops, const std::string &from, const std::string &to);
void removeFile(FileOps &ops, const std::string &path); // may be gone
/// The directory with its files and the directories in it.
void removeTree(FileOps &ops, const std::string &path);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_FILES_H
