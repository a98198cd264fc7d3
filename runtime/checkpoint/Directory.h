// A save directory: its steps, and the commit records that make them so.
//
//     SAVE_DIR/step-00000100/          a committed step
//     SAVE_DIR/.saving-…/              a save under way, or one that was cut
//     off SAVE_DIR/.removed-…/             an old step that is being deleted
//
// A step appears under its name complete, with its COMMIT: a directory without
// one is no step.
#ifndef VESCALE_RUNTIME_CHECKPOINT_DIRECTORY_H
#define VESCALE_RUNTIME_CHECKPOINT_DIRECTORY_H

#include "runtime/checkpoint/FileOps.h"
#include "runtime/checkpoint/Index.h"

namespace vescale::runtime {

inline constexpr const char *commitName = "COMMIT";
inline constexpr const char *indexName = "index.json";
inline constexpr const char *savingPrefix = ".saving-";
inline constexpr const char *removedPrefix = ".removed-";
/// The largest step that a directory's name holds.
inline constexpr int64_t maxStep = 99'999'999;

/// "step-00000100".
std::string stepName(int64_t step);

/// The steps with a COMMIT, in increasing order; none where there is no such
/// directory.
std::vector<int64_t> committedSteps(FileOps &ops, const std::string &saveDir);

/// The step's directory that `path` is, or the newest in the save directory
/// that it is. A BadInput failure if it is neither.
std::string findStep(FileOps &ops, const std::string &path);

/// The text with a last line that is its checksum; unseal takes it off again,
/// and gives nothing where it does not agree.
std::string seal(const std::string &text);
std::optional<std::string> unseal(const std::string &text);

/// The text of COMMIT for this index.json, sealed.
std::string commitText(const std::string &indexText);

/// Reads COMMIT and index.json of a step's directory. A BadInput failure that
/// names the file where one is missing, damaged or malformed.
Index readStep(FileOps &ops, const std::string &stepDir);

/// The directories of unfinished saves and of steps being deleted. RunFailed.
std::vector<std::string> leftovers(FileOps &ops, const std::string &saveDir);

/// Deletes all steps but the newest `keep`: of each first the name, at once,
/// then the files.
void removeOldSteps(FileOps &ops, const std::string &saveDir, int64_t keep);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_DIRECTORY_H
