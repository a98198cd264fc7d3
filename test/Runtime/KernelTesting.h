// Shared by the kernel tests: memory, random numbers, comparison.
#ifndef VESCALE_TEST_RUNTIME_KERNELTESTING_H
#define VESCALE_TEST_RUNTIME_KERNELTESTING_H

#include "runtime/core/Threads.h"
#include "runtime/kernels/Step.h"
#include "runtime/kernels/sizes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>

namespace vescale::runtime {

/// An arena that hands out zeroed 64-byte aligned buffers; the guard behind
/// each is checked at the end.
class TestArena {
public:
  TestArena() : memory(static_cast<char *>(std::calloc(size, 1))) {
    skip = -reinterpret_cast<intptr_t>(memory) & 63;
    addresses.arena = memory + skip;
  }
  ~TestArena() {
    for (int64_t guard : guards)
      for (int64_t i = guard; i < guard + 64; ++i)
        EXPECT_EQ(addresses.arena[i], 0x7b) << "written past a buffer's end";
    std::free(memory);
  }

  template <typename T = float> T *alloc(int64_t count, vs_ref &ref) {
    ref = {VS_ARENA, 0, used};
    int64_t end = used + count * static_cast<int64_t>(sizeof(T));
    guards.push_back(end);
    if (end + 128 + skip > size)
      std::abort();
    std::memset(addresses.arena + end, 0x7b, 64);
    T *at = reinterpret_cast<T *>(addresses.arena + used);
    used = (end + 64 + 63) / 64 * 64;
    return at;
  }
  Addresses addresses;

private:
  static constexpr int64_t size = int64_t(64) << 20;
  char *memory;
  int64_t skip, used = 0;
  std::vector<int64_t> guards;
};

class Random {
public:
  explicit Random(unsigned seed) : engine(seed) {}
  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine);
  }
  bool chance(double p) { return std::bernoulli_distribution(p)(engine); }
  float number() {
    return std::uniform_real_distribution<float>(-1, 1)(engine);
  }
  void fill(float *at, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      at[i] = number();
  }
  template <typename T> T pick(std::initializer_list<T> values) {
    return *(values.begin() +
             between(0, static_cast<int64_t>(values.size()) - 1));
  }

private:
  std::mt19937_64 engine;
};

inline uint16_t toBF16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
inline float fromBF16(uint16_t value) {
  uint32_t bits = uint32_t(value) << 16;
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}

} // namespace vescale::runtime

#endif // VESCALE_TEST_RUNTIME_KERNELTESTING_H
