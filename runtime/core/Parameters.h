// Loads this rank's shards of the parameters.
#ifndef VESCALE_RUNTIME_CORE_PARAMETERS_H
#define VESCALE_RUNTIME_CORE_PARAMETERS_H

#include "runtime/core/Manifest.h"
#include "runtime/io/MappedFile.h"

#include <functional>
#include <map>
#include <memory>

namespace vescale::runtime {

class Parameters {
public:
  /// Maps the source files and checks every parameter against them: inside the
  /// file, of the right type, the view inside the source, and what is to stay
  /// in its file one aligned block of it. Keeps references into the manifest.
  Parameters(const Manifest &manifest, const std::string &bundle, int rank);

  /// Copies or packs what belongs in the arena; `beat` is called after each.
  /// Returns for each parameter where it lies (in its file or the arena).
  std::vector<char *> load(char *arena, const std::function<void()> &beat);

private:
  /// This rank's part of a parameter.
  struct Part {
    const Parameter *parameter;
    Shard shard;
    const MappedFile *file; // null for `init`
    const char *from;       // its first element that belongs to the shard
  };
  const MappedFile *fileOf(const Parameter &parameter,
                           const std::string &bundle);
  void check(const Part &part);
  void prefetch(const Part &part);
  void pack(const Part &part, char *to);
  char *loadOne(const Part &part, char *arena);

  int rank;
  std::map<std::string, std::unique_ptr<MappedFile>> files;
  std::vector<Part> parts;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_PARAMETERS_H
