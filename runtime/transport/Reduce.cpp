// Reductions over all element types.
#include "runtime/transport/Reduce.h"

#include <cstring>

namespace vescale::runtime {
namespace {

float fromBF16(uint16_t value) {
  uint32_t bits = uint32_t(value) << 16;
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}

uint16_t toBF16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if ((bits & 0x7fffffff) > 0x7f800000) // NaN stays NaN
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

template <vs_reduction Reduction, typename T> T combine(T a, T b) {
  if constexpr (Reduction == VS_SUM)
    return static_cast<T>(a + b);
  else if constexpr (Reduction == VS_MAX)
    return a > b || a != a ? a : b;
  else
    return a < b || a != a ? a : b;
}

struct BF16 {
  using Stored = uint16_t;
  using Wide = float;
  static float load(uint16_t value) { return fromBF16(value); }
  static uint16_t store(float value) { return toBF16(value); }
};
struct F16 {
  using Stored = _Float16;
  using Wide = float;
  static float load(_Float16 value) { return static_cast<float>(value); }
  static _Float16 store(float value) { return static_cast<_Float16>(value); }
};
struct Bool {
  using Stored = uint8_t;
  using Wide = uint8_t;
  static uint8_t load(uint8_t value) { return value != 0; }
  static uint8_t store(uint8_t value) { return value != 0; }
};
template <typename T, typename Arithmetic = T> struct Plain {
  using Stored = T;
  using Wide = Arithmetic; // unsigned for integers: sums wrap around
  static Wide load(T value) { return static_cast<Wide>(value); }
  static T store(Wide value) { return static_cast<T>(value); }
};

/// Blocks that stay in the first-level cache.
constexpr int64_t blockLength = 512;

/// Reduces elements of `members` inputs into `sums`.
template <typename Type, vs_reduction Reduction>
void reduceBlock(const char *const *in, int members, int64_t at, int64_t length,
                 typename Type::Wide *sums) {
  using Stored = typename Type::Stored;
  using Wide = typename Type::Wide;
  auto member = [&](int index) {
    return reinterpret_cast<const Stored *>(in[index]) + at;
  };
  if (members == 1) {
    const Stored *first = member(0);
    for (int64_t i = 0; i < length; ++i)
      sums[i] = Type::load(first[i]);
    return;
  }
  int left = 1;
  while (left * 2 < members)
    left *= 2;
  Wide right[blockLength];
  reduceBlock<Type, Reduction>(in, left, at, length, sums);
  reduceBlock<Type, Reduction>(in + left, members - left, at, length, right);
  for (int64_t i = 0; i < length; ++i)
    sums[i] = combine<Reduction, Wide>(sums[i], right[i]);
}

template <typename Type, vs_reduction Reduction>
void run(const char *const *in, int members, char *out, int64_t count) {
  using Stored = typename Type::Stored;
  using Wide = typename Type::Wide;
  auto *result = reinterpret_cast<Stored *>(out);
  if (members == 2) { // needs no block of sums
    auto *first = reinterpret_cast<const Stored *>(in[0]);
    auto *second = reinterpret_cast<const Stored *>(in[1]);
    for (int64_t i = 0; i < count; ++i)
      result[i] = Type::store(combine<Reduction, Wide>(Type::load(first[i]),
                                                       Type::load(second[i])));
    return;
  }
  Wide sums[blockLength];
  for (int64_t at = 0; at < count; at += blockLength) {
    int64_t length = count - at < blockLength ? count - at : blockLength;
    reduceBlock<Type, Reduction>(in, members, at, length, sums);
    for (int64_t i = 0; i < length; ++i)
      result[at + i] = Type::store(sums[i]);
  }
}

/// `Sum` and `Order` differ where a sum wraps but an order is signed.
template <typename Sum, typename Order = Sum>
void pick(vs_reduction reduction, const char *const *in, int members, char *out,
          int64_t count) {
  if (reduction == VS_SUM)
    run<Sum, VS_SUM>(in, members, out, count);
  else if (reduction == VS_MAX)
    run<Order, VS_MAX>(in, members, out, count);
  else
    run<Order, VS_MIN>(in, members, out, count);
}

} // namespace

void reduce(vs_dtype dtype, vs_reduction reduction, const char *const *in,
            int members, char *out, int64_t count) {
  switch (dtype) {
  case VS_F32:
    return pick<Plain<float>>(reduction, in, members, out, count);
  case VS_F64:
    return pick<Plain<double>>(reduction, in, members, out, count);
  case VS_F16:
    return pick<F16>(reduction, in, members, out, count);
  case VS_BF16:
    return pick<BF16>(reduction, in, members, out, count);
  case VS_I8:
    return pick<Plain<int8_t, uint8_t>, Plain<int8_t>>(reduction, in, members,
                                                       out, count);
  case VS_I16:
    return pick<Plain<int16_t, uint16_t>, Plain<int16_t>>(reduction, in,
                                                          members, out, count);
  case VS_I32:
    return pick<Plain<int32_t, uint32_t>, Plain<int32_t>>(reduction, in,
                                                          members, out, count);
  case VS_I64:
    return pick<Plain<int64_t, uint64_t>, Plain<int64_t>>(reduction, in,
                                                          members, out, count);
  case VS_U8:
    return pick<Plain<uint8_t>>(reduction, in, members, out, count);
  case VS_BOOL:
    // A sum of two must not wrap to zero: it is the maximum.
    return pick<Bool>(reduction == VS_SUM ? VS_MAX : reduction, in, members,
                      out, count);
  }
}

} // namespace vescale::runtime
