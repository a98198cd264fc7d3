// Loads this rank's shards of the parameters.
#ifndef VESCALE_RUNTIME_CORE_PARAMETERS_H
#define VESCALE_RUNTIME_CORE_PARAMETERS_H

#include "runtime/core/Manifest.h"
#include "runtime/io/MappedFile.h"
#include "runtime/io/TensorFile.h"

#include <functional>
#include <map>
#include <memory>

namespace vescale::runtime {

class Parameters {
public:
  /// Maps the source files and checks every parameter against them: there,
  /// inside the file, of the right type, the view inside the source.
  Parameters(const Manifest &manifest, const std::string &bundle, int rank);

  /// Copies or packs what belongs in the arena; `beat` is called after each.
  /// Returns for each parameter where it lies (in its file or the arena).
  std::vector<char *> load(char *arena, const std::function<void()> &beat);

private:
  struct Source {
    const char *data;
    int64_t bytes;
    vs_dtype dtype;
    std::vector<int64_t> shape;
  };
  Source resolve(const Parameter &parameter, const std::string &bundle);
  void check(const Parameter &parameter, const Source &source);
  char *loadOne(const Parameter &parameter, const Source &source, char *arena);

  const Manifest &manifest;
  int rank;
  std::map<std::string, std::unique_ptr<MappedFile>> files;
  std::map<std::string, std::unique_ptr<TensorFile>> safetensors;
  std::vector<Source> sources;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_PARAMETERS_H
