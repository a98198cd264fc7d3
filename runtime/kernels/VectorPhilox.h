// Which weights of a row of attention are dropped, for the files that are built
// once for each instruction set. runtime/core/Philox.h defines the words.
// Everything is static, so that builds for different sets can't be mixed up.
#ifndef VESCALE_RUNTIME_KERNELS_VECTORPHILOX_H
#define VESCALE_RUNTIME_KERNELS_VECTORPHILOX_H

#include "runtime/kernels/AttentionDrop.h"
#include "runtime/kernels/VectorMath.h"

namespace {

/// Words in lanes of twice their width, so that products need no widening.
constexpr int wordLanes = width / 2;
typedef uint64_t Words __attribute__((vector_size(width * 4)));
typedef int64_t Truths __attribute__((vector_size(width * 4)));
typedef float HalfVec __attribute__((vector_size(width * 2)));
typedef float LooseHalfVec __attribute__((vector_size(width * 2), aligned(4)));

inline Words splatWord(uint64_t word) { return Words{} + word; }

/// The four words of each of the blocks, whose numbers are the lanes'.
inline void philoxBlocks(Words block,
                         const vescale::runtime::AttentionDrop &drop,
                         Words *out) {
  const Words low = splatWord(0xFFFFFFFF);
  Words c0 = block & low, c1 = block >> 32,
        c2 = splatWord(static_cast<uint32_t>(*drop.step)),
        c3 = splatWord(drop.site);
  uint32_t key0 = static_cast<uint32_t>(drop.seed),
           key1 = static_cast<uint32_t>(drop.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    Words left = c0 * splatWord(0xD2511F53), right = c2 * splatWord(0xCD9E8D57);
    c0 = (right >> 32) ^ c1 ^ splatWord(key0);
    c2 = (left >> 32) ^ c3 ^ splatWord(key1);
    c1 = right & low;
    c3 = left & low;
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/// What the weights numbered from `first`, a multiple of 64, on count: the
/// scale, or 0; 64 of them.
inline void keepGroup(uint64_t first,
                      const vescale::runtime::AttentionDrop &drop, float *out) {
  Words block = splatWord(first / 4);
  for (int lane = 0; lane < wordLanes; ++lane)
    block[lane] += lane;
  const Words threshold = splatWord(drop.threshold);
  HalfVec scale = HalfVec{} + drop.scale;
  for (int part = 0; part < 16; part += wordLanes) {
    Words words[4];
    philoxBlocks(block + splatWord(part), drop, words);
    for (int word = 0; word < 4; ++word) {
      typedef int32_t HalfTruths __attribute__((vector_size(width * 2)));
      auto kept = __builtin_convertvector(
          reinterpret_cast<Truths>(words[word] >= threshold), HalfTruths);
      *reinterpret_cast<LooseHalfVec *>(out + word * 16 + part) =
          reinterpret_cast<HalfVec>(kept & reinterpret_cast<HalfTruths>(scale));
    }
  }
}

/// What the weights numbered from `first` on count, at least `count` of them;
/// `out` has room for whole groups of 64 on both sides of them. Returns where
/// the first one's is.
inline const float *keepRow(uint64_t first, int64_t count,
                            const vescale::runtime::AttentionDrop &drop,
                            float *out) {
  int64_t before = static_cast<int64_t>(first % 64);
  for (int64_t at = 0; at < before + count; at += 64)
    keepGroup(first - before + at, drop, out + at);
  return out + before;
}

} // namespace

#endif // VESCALE_RUNTIME_KERNELS_VECTORPHILOX_H
