//===- TrainOptions.h - What the user said about training -------*- C++ -*-===//
#ifndef VESCALE_PASSES_TRAIN_TRAINOPTIONS_H
#define VESCALE_PASSES_TRAIN_TRAINOPTIONS_H

#include <cstdint>
#include <string>

namespace vescale::train {

struct TrainOptions {
  /// The train file.
  std::string file;
  /// Takes the place of the file's unless it is 0.
  int64_t microBatches = 0;
  /// What is computed again for the backward program: none, selective, full.
  std::string recompute = "none";
};

} // namespace vescale::train

#endif // VESCALE_PASSES_TRAIN_TRAINOPTIONS_H
