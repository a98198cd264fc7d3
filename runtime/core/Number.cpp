// Converts between numbers and elements.
#include "runtime/core/Number.h"

#include "runtime/core/Error.h"
#include "runtime/core/StridedCopy.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace vescale::runtime {
namespace {

/// The bits of the float with `exponent` and `mantissa` bits nearest to the
/// number, ties to even.
uint16_t smallFloat(double value, int exponentBits, int mantissaBits) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  int64_t infinity = int64_t((1 << exponentBits) - 1) << mantissaBits;
  value = std::fabs(value);
  if (value == 0 || std::isinf(value))
    return static_cast<uint16_t>(sign | (value == 0 ? 0 : infinity));
  int bias = (1 << (exponentBits - 1)) - 1, exponent;
  std::frexp(value, &exponent);
  exponent = std::max(exponent - 1, 1 - bias); // denormals share the smallest
  auto steps = static_cast<int64_t>(
      std::nearbyint(std::ldexp(value, mantissaBits - exponent)));
  // A step too many carries into the exponent, which is the next float.
  int64_t bits = (int64_t(exponent + bias - 1) << mantissaBits) + steps;
  return static_cast<uint16_t>(sign | std::min(bits, infinity));
}

double fromSmallFloat(uint16_t bits, int exponentBits, int mantissaBits) {
  int bias = (1 << (exponentBits - 1)) - 1;
  int exponent = (bits & 0x7fff) >> mantissaBits;
  int mantissa = bits & ((1 << mantissaBits) - 1);
  double size;
  if (exponent == (1 << exponentBits) - 1)
    size = mantissa ? NAN : INFINITY;
  else if (exponent == 0)
    size = std::ldexp(mantissa, 1 - bias - mantissaBits);
  else
    size = std::ldexp(mantissa + (1 << mantissaBits),
                      exponent - bias - mantissaBits);
  return bits & 0x8000 ? -size : size;
}

template <typename T> T as(const char *element) {
  T value;
  std::memcpy(&value, element, sizeof(T));
  return value;
}

template <typename T> void repeat(T element, int64_t count, char *to) {
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(to + i * sizeof(T), &element, sizeof(T));
}

template <typename T> std::string outside(double value, vs_dtype dtype) {
  // The limits of i64 are no doubles; what lies below 2^63 fits.
  bool fits = value >= static_cast<double>(std::numeric_limits<T>::min()) &&
              value < static_cast<double>(std::numeric_limits<T>::max()) + 1;
  if (fits && value == std::floor(value))
    return "";
  return cat(value, " is no element of type ", dtypeName(dtype));
}

} // namespace

std::string cantHold(vs_dtype dtype, double value) {
  if (!std::isfinite(value))
    return "not a finite number";
  switch (dtype) {
  case VS_I8:
    return outside<int8_t>(value, dtype);
  case VS_I16:
    return outside<int16_t>(value, dtype);
  case VS_I32:
    return outside<int32_t>(value, dtype);
  case VS_I64:
    return outside<int64_t>(value, dtype);
  case VS_U8:
    return outside<uint8_t>(value, dtype);
  case VS_BOOL:
    return value == 0 || value == 1 ? ""
                                    : cat(value, " is no element of type bool");
  case VS_F32:
  case VS_F64:
  case VS_F16:
  case VS_BF16:
    return "";
  }
  return "unknown element type";
}

void fillElements(vs_dtype dtype, double value, int64_t count, char *to) {
  switch (dtype) {
  case VS_F32:
    return repeat(static_cast<float>(value), count, to);
  case VS_F64:
    return repeat(value, count, to);
  case VS_F16:
    return repeat(smallFloat(value, 5, 10), count, to);
  case VS_BF16:
    return repeat(smallFloat(value, 8, 7), count, to);
  case VS_I8:
    return repeat(static_cast<int8_t>(value), count, to);
  case VS_I16:
    return repeat(static_cast<int16_t>(value), count, to);
  case VS_I32:
    return repeat(static_cast<int32_t>(value), count, to);
  case VS_I64:
    return repeat(static_cast<int64_t>(value), count, to);
  case VS_U8:
  case VS_BOOL:
    return repeat(static_cast<uint8_t>(value), count, to);
  }
}

void fillShard(vs_dtype dtype, double value, const Shard &shard, char *to) {
  if (shard.valid == shard.local)
    return fillElements(dtype, value, shard.localElements(), to);
  char element[8];
  fillElements(dtype, value, 1, element);
  gatherStrided(element, std::vector<int64_t>(shard.valid.size(), 0),
                shard.valid, shard.local, dtypeBytes(dtype), to);
}

double numberAt(vs_dtype dtype, const char *element) {
  switch (dtype) {
  case VS_F32:
    return as<float>(element);
  case VS_F64:
    return as<double>(element);
  case VS_F16:
    return fromSmallFloat(as<uint16_t>(element), 5, 10);
  case VS_BF16:
    return fromSmallFloat(as<uint16_t>(element), 8, 7);
  case VS_I8:
    return as<int8_t>(element);
  case VS_I16:
    return as<int16_t>(element);
  case VS_I32:
    return as<int32_t>(element);
  case VS_I64:
    return static_cast<double>(as<int64_t>(element));
  case VS_U8:
  case VS_BOOL:
    return as<uint8_t>(element);
  }
  return NAN;
}

} // namespace vescale::runtime
