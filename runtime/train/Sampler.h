// Which samples a run sees, by their global number alone: row r of step t of
// batches of B is sample t · B + r, however ranks and micro-batches share it.
#ifndef VESCALE_RUNTIME_TRAIN_SAMPLER_H
#define VESCALE_RUNTIME_TRAIN_SAMPLER_H

#include <cstdint>
#include <vector>

namespace vescale::runtime {

enum class SampleOrder { Shuffled, Sequential };

/// Where the window of `sequence` tokens of a sample starts in a file of
/// `tokens`, so that one more token follows it: a draw keyed by the sample.
int64_t tokenOffset(uint64_t seed, int64_t sample, int64_t tokens,
                    int64_t sequence);

/// Which of `count` stored samples a run's sample is. Every epoch has each
/// once; shuffled, in an order of its own, which sorts them by draws.
class ArraySampler {
public:
  ArraySampler(uint64_t seed, int64_t count, SampleOrder order)
      : seed(seed), count(count), order(order) {}
  int64_t index(int64_t sample);

private:
  uint64_t seed;
  int64_t count;
  SampleOrder order;
  int64_t epoch = -1; // of the permutation
  std::vector<int64_t> permutation;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRAIN_SAMPLER_H
