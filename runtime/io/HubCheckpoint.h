// A checkpoint as Hugging Face's libraries write it: tensors by name in one
// .safetensors file, or in several with an index.
//
// The path is the file, the index, or a directory with model.safetensors or
// model.safetensors.index.json. What an index and the directory's links lead to
// must lie in the directory; in a hub cache (…/snapshots/REVISION) also in the
// blobs beside the snapshots.
#ifndef VESCALE_RUNTIME_IO_HUBCHECKPOINT_H
#define VESCALE_RUNTIME_IO_HUBCHECKPOINT_H

#include "runtime/io/SafetensorsHeader.h"

#include <map>

namespace vescale::runtime {

struct HubTensor {
  std::string file; // an absolute path without links
  SafetensorsEntry entry;
};

class HubCheckpoint {
public:
  /// A BadInput failure if there is none, or its index is malformed.
  explicit HubCheckpoint(const std::string &path);

  const std::string &path() const { return given; }
  /// The names of all tensors and the files they are said to be in.
  const std::map<std::string, std::string> &files() const { return fileOf; }
  bool has(const std::string &name) const { return fileOf.count(name) != 0; }
  /// A tensor that it has; opens the shard. A BadInput failure if that is
  /// malformed or lacks the tensor after all.
  HubTensor find(const std::string &name);
  /// Reads both tensors and compares them.
  bool sameData(const HubTensor &a, const HubTensor &b);

private:
  void readIndex(const std::string &index);
  /// The real path of a file of the checkpoint's directory.
  std::string resolve(const std::string &name);
  using Entries = std::map<std::string, SafetensorsEntry>;
  const Entries &open(const std::string &file);

  std::string given, directory;
  std::map<std::string, std::string> fileOf;
  std::map<std::string, Entries> opened; // by real path
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_IO_HUBCHECKPOINT_H
