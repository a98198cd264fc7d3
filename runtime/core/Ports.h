// The model's inputs and outputs: global tensors in files, shards in arenas.
#ifndef VESCALE_RUNTIME_CORE_PORTS_H
#define VESCALE_RUNTIME_CORE_PORTS_H

#include "runtime/core/Manifest.h"
#include "runtime/io/TensorFile.h"
#include "runtime/kernels/Step.h"
#include "runtime/transport/Transport.h"

namespace vescale::runtime {

/// This rank's shards of the inputs, kept so that a run can be repeated.
class Inputs {
public:
  /// Opens the file and refuses missing, extra and mis-shaped inputs by name;
  /// reads no data yet. `path` may be empty if the model has no inputs.
  Inputs(const Manifest &manifest, const std::string &path);

  void read(int rank);
  /// Copies the shards to where the program expects them.
  void place(const Addresses &addresses) const;

private:
  const Manifest &manifest;
  std::unique_ptr<TensorFile> file;
  std::vector<size_t> indices; // in the file, by input
  std::vector<std::vector<char>> shards;
};

/// The outputs' names, types and global shapes, in graph order.
std::vector<TensorInfo> outputInfos(const Manifest &manifest);

/// Collects all ranks' shards on rank 0, which writes them to `path`.
void writeOutputs(const Manifest &manifest, const std::string &path,
                  Transport &transport, const Addresses &addresses);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_PORTS_H
