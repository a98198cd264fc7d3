// Reads a committed step: any part of any tensor, wherever it lies.
#ifndef VESCALE_RUNTIME_CHECKPOINT_LOAD_H
#define VESCALE_RUNTIME_CHECKPOINT_LOAD_H

#include "runtime/checkpoint/Blocks.h"
#include "runtime/checkpoint/Directory.h"

#include <functional>

namespace vescale::runtime {

class SavedStep {
public:
  /// `path` is a step's directory, or a save directory with its newest.
  /// BadInput failures, as for all that follows.
  SavedStep(FileOps &ops, const std::string &path);

  const std::string &path() const { return directory; }
  const Index &index() const { return contents; }

  /// Refuses tensors that are missing, too many, of other shapes or types, or
  /// stored in another order.
  void check(const State &state) const;

  /// Loads pieces of tensors that the step has and that lie inside them. Reads
  /// the blocks that hold their elements, each once, and checks each against
  /// its checksum; `beat` is called with the bytes of each, by any of the
  /// rank's threads but one at a time. After a failure the buffers hold
  /// anything.
  void load(const std::vector<Piece> &pieces,
            const std::function<void(int64_t)> &beat = nullptr);

  /// Reads all of it: headers, all blocks.
  void verify(const std::function<void(int64_t)> &beat = nullptr);

private:
  void read(const std::vector<Stretch> &stretches,
            const std::function<void(int64_t)> &beat);
  /// Compares the file's length and header with the index.
  std::string readHeader(InputFile &file, size_t index) const;

  FileOps &ops;
  std::string directory;
  Index contents;
  std::vector<bool> headerChecked; // by file
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_LOAD_H
