// Loops around short writes and reads, and names files in failures.
#include "runtime/checkpoint/Files.h"

#include "runtime/core/Error.h"

#include <cerrno>
#include <utility>

namespace vescale::runtime {

std::string errorText(int64_t code) {
  errno = static_cast<int>(-code);
  return errnoText();
}

/// RunFailed unless the result is good or `allowed`.
static void check(int64_t result, const char *what, const std::string &path,
                  int allowed = 0) {
  if (result < 0 && result != -allowed)
    fail(ExitCode::RunFailed, "can't ", what, " '", path,
         "': ", errorText(result));
}

OutputFile::OutputFile(FileOps &ops, const std::string &path)
    : ops(ops), path(path), file(ops.openWrite(path)) {
  if (file < 0)
    bad(file);
}

OutputFile::~OutputFile() {
  if (file >= 0)
    ops.close(file);
}

void OutputFile::bad(int64_t code) {
  fail(ExitCode::RunFailed, "can't write '", path, "': ", errorText(code));
}

void OutputFile::write(const void *data, int64_t bytes) {
  auto *at = static_cast<const char *>(data);
  while (bytes > 0) {
    int64_t written = ops.write(file, at, bytes);
    if (written == -EINTR)
      continue;
    if (written <= 0)
      bad(written ? written : -ENOSPC);
    at += written;
    bytes -= written;
  }
}

void OutputFile::sync() {
  int result = ops.sync(file);
  if (result < 0)
    bad(result);
  close();
}

void OutputFile::close() {
  int result = ops.close(std::exchange(file, -1));
  if (result < 0)
    bad(result);
}

InputFile::InputFile(FileOps &ops, const std::string &path,
                     const std::string &what)
    : ops(ops), name(path), what(what), file(ops.openRead(path)) {
  if (file < 0)
    bad(errorText(file));
  bytes = ops.size(file);
  if (bytes >= 0)
    return;
  ops.close(file);
  bad("not a regular file");
}

InputFile::~InputFile() { ops.close(file); }

void InputFile::bad(const std::string &why) {
  fail(ExitCode::BadInput, what, " '", name, "': ", why);
}

void InputFile::read(void *data, int64_t count, int64_t offset) {
  auto *at = static_cast<char *>(data);
  while (count > 0) {
    int64_t got = ops.read(file, at, count, offset);
    if (got == -EINTR)
      continue;
    if (got <= 0)
      bad(got ? errorText(got) : cat("ends before byte ", offset + count));
    at += got;
    offset += got;
    count -= got;
  }
}

void writeSynced(FileOps &ops, const std::string &path,
                 const std::string &text) {
  OutputFile file(ops, path);
  file.write(text);
  file.sync();
}

std::optional<std::string> readWhole(FileOps &ops, const std::string &path,
                                     const std::string &what, int64_t most) {
  int probe = ops.openRead(path);
  if (probe == -ENOENT)
    return std::nullopt;
  if (probe >= 0)
    ops.close(probe);
  InputFile file(ops, path, what);
  if (file.size() > most)
    fail(ExitCode::BadInput, what, " '", path, "' has ", file.size(),
         " bytes; the most that is read is ", most);
  std::string text(file.size(), '\0');
  file.read(text.data(), file.size(), 0);
  return text;
}

void makeDirectory(FileOps &ops, const std::string &path) {
  check(ops.makeDirectory(path), "make the directory", path, EEXIST);
}

void makeDirectories(FileOps &ops, const std::string &path) {
  std::string parent = path[0] == '/' ? "/" : ".";
  for (size_t slash = 0; slash != std::string::npos;) {
    slash = path.find('/', slash + 1);
    std::string directory = path.substr(0, slash);
    int result = ops.makeDirectory(directory);
    check(result, "make the directory", directory, EEXIST);
    if (result >= 0)
      syncDirectory(ops, parent);
    parent = directory;
  }
}

void syncDirectory(FileOps &ops, const std::string &path) {
  check(ops.syncDirectory(path), "sync the directory", path);
}

void renameFile(FileOps &ops, const std::string &from, const std::string &to) {
  check(ops.rename(from, to), cat("rename '", from, "' to").c_str(), to);
}

void removeFile(FileOps &ops, const std::string &path) {
  check(ops.unlink(path), "remove", path, ENOENT);
}

void removeTree(FileOps &ops, const std::string &path) {
  std::vector<FileOps::Entry> entries;
  int result = ops.list(path, entries);
  if (result == -ENOENT)
    return;
  check(result, "list", path);
  for (const FileOps::Entry &entry : entries)
    if (entry.isDirectory)
      removeTree(ops, path + "/" + entry.name);
    else
      removeFile(ops, path + "/" + entry.name);
  check(ops.removeDirectory(path), "remove", path, ENOENT);
}

} // namespace vescale::runtime
