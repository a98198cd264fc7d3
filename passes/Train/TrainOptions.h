//===- TrainOptions.h - What the user said about training -------*- C++ -*-===//
#ifndef VESCALE_PASSES_TRAIN_TRAINOPTIONS_H
#define VESCALE_PASSES_TRAIN_TRAINOPTIONS_H

#include "vescale/Train/TrainFile.h"
#include <cstdint>
#include <string>
#include <vector>

namespace vescale::train {

struct TrainOptions {
  /// The train file.
  std::string file;
  /// FIELD=VALUE, which take the place of the file's.
  std::vector<std::string> set;
  /// Takes the place of the file's unless it is 0.
  int64_t microBatches = 0;
  /// What is computed again for the backward program: none, selective, full, or
  /// names of modules and nodes; empty for what the plan file says, or none.
  std::string recompute;
  /// The plan file, which may say the latter two.
  std::string plan;
  /// Stops at the forward program with its loss.
  bool forwardOnly = false;
};

/// The train file with all that takes the place of its fields.
llvm::Expected<TrainFile> resolveTrainFile(const TrainOptions &options);

} // namespace vescale::train

#endif // VESCALE_PASSES_TRAIN_TRAINOPTIONS_H
