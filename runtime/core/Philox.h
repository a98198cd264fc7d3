// Philox4x32-10, a counter-based generator: random words as a function of a
// counter and a key (Salmon et al., Parallel Random Numbers: As Easy as 1, 2,
// 3, SC 2011).
#ifndef VESCALE_RUNTIME_CORE_PHILOX_H
#define VESCALE_RUNTIME_CORE_PHILOX_H

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

/// The word that decides about the element numbered `counter` of a draw.
/// Sixteen neighbours have one word each of sixteen blocks, so that code with
/// vectors needs no element of another lane, and sixty-four use all that these
/// have.
inline uint32_t drawWord(uint64_t counter, uint64_t seed, uint32_t step,
                         uint32_t site) {
  uint64_t block = counter / 64 * 16 + counter % 16;
  return philox({static_cast<uint32_t>(block),
                 static_cast<uint32_t>(block >> 32), step, site},
                {static_cast<uint32_t>(seed),
                 static_cast<uint32_t>(seed >> 32)})[counter / 16 % 4];
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_PHILOX_H
