// What the manifest says of training: where inputs come from, and in what order
// samples are drawn.
#ifndef VESCALE_RUNTIME_TRAIN_TRAINMANIFEST_H
#define VESCALE_RUNTIME_TRAIN_TRAINMANIFEST_H

#include "runtime/train/Sampler.h"

#include <map>
#include <optional>
#include <string>

namespace vescale::runtime {

/// Where an input comes from: an array of the data, or one number.
struct DataSource {
  std::string from;
  int64_t shift = 0; // of tokens, behind the sample's first one
  std::optional<double> fill;
};

struct TrainManifest {
  std::map<std::string, DataSource> data; // by input
  SampleOrder order = SampleOrder::Shuffled;
  uint64_t seed = 0;
  int64_t microBatches = 1;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRAIN_TRAINMANIFEST_H
