// Draws samples.
#include "runtime/train/Sampler.h"

#include "runtime/core/Philox.h"

#include <algorithm>

namespace vescale::runtime {
namespace {

// What draws are for, in the counter's last word.
constexpr uint32_t forData = 0x64617461, forShuffle = 0x73687566;

uint64_t draw(uint64_t seed, uint64_t index, uint32_t third, uint32_t use) {
  auto words =
      philox({static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32),
              third, use},
             {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return words[0] | uint64_t(words[1]) << 32;
}

} // namespace

int64_t tokenOffset(uint64_t seed, int64_t sample, int64_t tokens,
                    int64_t sequence) {
  return draw(seed, sample, 0, forData) % uint64_t(tokens - sequence);
}

int64_t ArraySampler::index(int64_t sample) {
  int64_t position = sample % count;
  if (order == SampleOrder::Sequential)
    return position;
  if (epoch != sample / count) {
    epoch = sample / count;
    std::vector<std::pair<uint64_t, int64_t>> draws(count);
    for (int64_t i = 0; i < count; ++i)
      draws[i] = {draw(seed, i, static_cast<uint32_t>(epoch), forShuffle), i};
    std::sort(draws.begin(), draws.end());
    permutation.resize(count);
    for (int64_t i = 0; i < count; ++i)
      permutation[i] = draws[i].second;
  }
  return permutation[position];
}

} // namespace vescale::runtime
