// Which of a checkpoint's tensors a model's parameters are.
//
// A name is looked up as it is. Checkpoints of a model's core lack the module
// that a task's model wraps it in, and the other way round ("bert.encoder…",
// "encoder…"), so where names are missing, one prefix of modules is put before
// all of them, or taken away from those that have it; only one that makes all
// names found counts. Older checkpoints call the weight and bias of a LayerNorm
// gamma and beta.
#ifndef VESCALE_RUNTIME_IO_NAMEMATCH_H
#define VESCALE_RUNTIME_IO_NAMEMATCH_H

#include "runtime/io/HubCheckpoint.h"

namespace vescale::runtime {

struct WantedTensor {
  std::string name;
  vs_dtype dtype;
  std::vector<int64_t> shape;
  /// Other names of the same data in the model: tied parameters, of which a
  /// checkpoint may hold one alone.
  std::vector<std::string> tied;
};

struct FoundTensors {
  std::vector<HubTensor> tensors; // as they were wanted
  /// What had to be done to the names, in words; empty if nothing.
  std::string remark;
};

/// What a checkpoint that holds a tied tensor under several names is held to.
enum class Tied {
  Compare, // the data must be equal, for which it is read
  Trust
};

/// BadInput failures: names that are missing, types and shapes that differ.
FoundTensors findTensors(HubCheckpoint &checkpoint,
                         const std::vector<WantedTensor> &wanted, Tied tied);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_IO_NAMEMATCH_H
