// Names, lists and deletes steps; writes and reads commit records.
#include "runtime/checkpoint/Directory.h"

#include "runtime/checkpoint/Files.h"
#include "runtime/core/Error.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace vescale::runtime {
namespace {

constexpr const char *commitSchema = "vescale.commit/1";
constexpr int64_t maxCommitBytes = 4096;
constexpr int64_t maxIndexBytes = int64_t(1) << 30;
constexpr const char *stepPrefix = "step-";
constexpr size_t stepDigits = 8;

/// The step of a directory's name, or -1.
int64_t stepOf(const std::string &name) {
  std::string prefix = stepPrefix;
  if (name.size() != prefix.size() + stepDigits ||
      name.compare(0, prefix.size(), prefix) != 0 ||
      name.find_first_not_of("0123456789", prefix.size()) != std::string::npos)
    return -1;
  return std::atoll(name.c_str() + prefix.size());
}

bool startsWith(const std::string &text, const std::string &start) {
  return text.compare(0, start.size(), start) == 0;
}

bool hasFile(FileOps &ops, const std::string &path) {
  int file = ops.openRead(path);
  if (file < 0)
    return false;
  ops.close(file);
  return true;
}

constexpr const char *sealWord = "xxh3_128 ";

} // namespace

std::string stepName(int64_t step) {
  if (step < 0 || step > maxStep)
    fail(ExitCode::BadInput, "step ", step,
         " can't be saved: steps are numbered from 0 to ", maxStep);
  char digits[24];
  std::snprintf(digits, sizeof(digits), "%08lld", static_cast<long long>(step));
  return stepPrefix + std::string(digits);
}

std::vector<int64_t> committedSteps(FileOps &ops, const std::string &saveDir) {
  std::vector<FileOps::Entry> entries;
  int result = ops.list(saveDir, entries);
  std::vector<int64_t> steps;
  if (result == -ENOENT)
    return steps;
  if (result < 0)
    fail(ExitCode::BadInput, "save directory '", saveDir,
         "': ", errorText(result));
  for (const FileOps::Entry &entry : entries) {
    int64_t step = stepOf(entry.name);
    if (step >= 0 && entry.isDirectory &&
        hasFile(ops, cat(saveDir, "/", entry.name, "/", commitName)))
      steps.push_back(step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

std::string findStep(FileOps &ops, const std::string &path) {
  std::string plain = path;
  while (plain.size() > 1 && plain.back() == '/')
    plain.pop_back();
  if (hasFile(ops, cat(plain, "/", commitName)))
    return plain;
  std::vector<int64_t> steps = committedSteps(ops, plain);
  if (steps.empty())
    fail(ExitCode::BadInput, "'", path,
         "' is no committed step and holds none: neither ", commitName,
         " nor a directory like ", stepName(100), " with it is there");
  return cat(plain, "/", stepName(steps.back()));
}

std::string seal(const std::string &text) {
  return cat(text, sealWord, hashBytes(text.data(), text.size()).text(), "\n");
}

std::optional<std::string> unseal(const std::string &text) {
  size_t at = text.rfind(sealWord);
  if (at == std::string::npos || seal(text.substr(0, at)) != text)
    return std::nullopt;
  return text.substr(0, at);
}

std::string commitText(const std::string &indexText) {
  return seal(cat(commitSchema, "\n", indexName, " ", indexText.size(), " ",
                  hashBytes(indexText.data(), indexText.size()).text(), "\n"));
}

Index readStep(FileOps &ops, const std::string &stepDir) {
  std::string commitPath = cat(stepDir, "/", commitName);
  std::string indexPath = cat(stepDir, "/", indexName);
  std::optional<std::string> commit =
      readWhole(ops, commitPath, "commit record", maxCommitBytes);
  if (!commit)
    fail(ExitCode::BadInput, "'", stepDir, "' has no ", commitName,
         ": it is not a committed step");
  std::optional<std::string> body = unseal(*commit);
  if (!body)
    fail(ExitCode::BadInput, "commit record '", commitPath,
         "' is damaged: its last line is not the checksum of the others");
  std::string schema = body->substr(0, body->find('\n'));
  if (schema != commitSchema)
    fail(ExitCode::BadInput, "commit record '", commitPath, "': the format '",
         schema, "' is not '", commitSchema, "'");
  std::optional<std::string> index =
      readWhole(ops, indexPath, "checkpoint's index", maxIndexBytes);
  if (!index)
    fail(ExitCode::BadInput, "checkpoint's index '", indexPath,
         "': no such file");
  if (commitText(*index) != *commit)
    fail(ExitCode::BadInput, "checkpoint's index '", indexPath,
         "' is damaged: it has ", index->size(), " bytes of hash ",
         hashBytes(index->data(), index->size()).text(), ", ", commitName,
         " says ", body->substr(schema.size() + 1));
  return parseIndex(*index, indexPath);
}

std::vector<std::string> leftovers(FileOps &ops, const std::string &saveDir) {
  std::vector<FileOps::Entry> entries;
  int result = ops.list(saveDir, entries);
  if (result < 0)
    fail(ExitCode::RunFailed, "can't list '", saveDir,
         "': ", errorText(result));
  std::vector<std::string> names;
  for (const FileOps::Entry &entry : entries)
    if (entry.isDirectory && (startsWith(entry.name, savingPrefix) ||
                              startsWith(entry.name, removedPrefix)))
      names.push_back(entry.name);
  return names;
}

static void removeStep(FileOps &ops, const std::string &saveDir, int64_t step) {
  std::string name = stepName(step);
  std::string removed = cat(saveDir, "/", removedPrefix, name);
  removeTree(ops, removed);
  renameFile(ops, cat(saveDir, "/", name), removed);
  // The name must be gone for good before the first file is.
  syncDirectory(ops, saveDir);
  removeTree(ops, removed);
}

void removeOldSteps(FileOps &ops, const std::string &saveDir, int64_t keep) {
  std::vector<int64_t> steps = committedSteps(ops, saveDir);
  for (size_t i = 0; i + keep < steps.size(); ++i)
    removeStep(ops, saveDir, steps[i]);
}

} // namespace vescale::runtime
