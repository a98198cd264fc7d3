// Philox4x32-10, a counter-based generator: random words as a function of a
// counter and a key (Salmon et al., Parallel Random Numbers: As Easy as 1, 2,
// 3, SC 2011).
#ifndef VESCALE_RUNTIME_TRAIN_PHILOX_H
#define VESCALE_RUNTIME_TRAIN_PHILOX_H

#include <array>
#include <cstdint>

namespace vescale::runtime {

inline std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter,
                                      std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t left = uint64_t(0xD2511F53) * counter[0];
    uint64_t right = uint64_t(0xCD9E8D57) * counter[2];
    counter = {static_cast<uint32_t>(right >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(right),
               static_cast<uint32_t>(left >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(left)};
    key = {key[0] + 0x9E3779B9, key[1] + 0xBB67AE85};
  }
  return counter;
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRAIN_PHILOX_H
