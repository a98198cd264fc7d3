// What a training program keeps between steps: the tensors that a checkpoint
// has, and the views of them that ranks hold.
//
// A tensor is known by its name and the shape in which the model stores it. A
// program may hold it as several views (a fused projection that was taken
// apart), each with a layout of its own. What no view covers, the rows of a
// table that the program does not reach, never changes; one rank keeps each
// piece of it so that it is not lost.
#ifndef VESCALE_RUNTIME_CHECKPOINT_STATE_H
#define VESCALE_RUNTIME_CHECKPOINT_STATE_H

#include "runtime/checkpoint/AuthorOrder.h"
#include "runtime/core/Manifest.h"

namespace vescale::runtime {

struct StateView {
  /// Which of the manifest's parameters; none for what no parameter covers.
  std::optional<size_t> parameter;
  Box box; // of all ranks together
  Layout layout;
};

struct StateTensor {
  std::string name;
  vs_dtype dtype;
  std::vector<int64_t> shape;
  std::optional<AuthorOrder> author;
  std::optional<double> init;   // what it starts with, if it is in no file
  std::vector<StateView> views; // every element is in one

  int64_t bytes() const;
};

struct State {
  Mesh mesh;
  std::vector<StateTensor> tensors; // in the order of the manifest

  const StateTensor *find(const std::string &name) const;
};

/// The state of the manifest's program, the same on all ranks. It must be taken
/// before weights are exchanged (takeCheckpoint). BadInput failures: views of a
/// name that disagree on its tensor, or overlap.
State stateOf(const Manifest &manifest);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_STATE_H
