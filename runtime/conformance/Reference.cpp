// Definitions of the collectives, written without regard to speed and apart
// from the code that they check.
#include "runtime/conformance/Reference.h"

#include <algorithm>
#include <cstring>

namespace vescale::runtime {

template <typename T> static T at(const char *buffer, int64_t index) {
  T value;
  std::memcpy(&value, buffer + index * sizeof(T), sizeof(T));
  return value;
}
template <typename T>
static void put(char *buffer, int64_t index, double number) {
  T value = static_cast<T>(number);
  std::memcpy(buffer + index * sizeof(T), &value, sizeof(T));
}

double loadNumber(vs_dtype dtype, const char *buffer, int64_t index) {
  switch (dtype) {
  case VS_F32:
    return at<float>(buffer, index);
  case VS_F64:
    return at<double>(buffer, index);
  case VS_F16:
    return static_cast<float>(at<_Float16>(buffer, index));
  case VS_BF16: {
    uint32_t bits = uint32_t(at<uint16_t>(buffer, index)) << 16;
    return at<float>(reinterpret_cast<const char *>(&bits), 0);
  }
  case VS_I8:
    return at<int8_t>(buffer, index);
  case VS_I16:
    return at<int16_t>(buffer, index);
  case VS_I32:
    return at<int32_t>(buffer, index);
  case VS_I64:
    return static_cast<double>(at<int64_t>(buffer, index));
  case VS_U8:
  case VS_BOOL:
    return at<uint8_t>(buffer, index);
  }
  return 0;
}

void storeNumber(vs_dtype dtype, char *buffer, int64_t index, double value) {
  switch (dtype) {
  case VS_F32:
    return put<float>(buffer, index, value);
  case VS_F64:
    return put<double>(buffer, index, value);
  case VS_F16:
    return put<_Float16>(buffer, index, value);
  case VS_BF16: {
    float number = static_cast<float>(value);
    uint32_t bits;
    std::memcpy(&bits, &number, 4);
    return put<uint16_t>(buffer, index, bits >> 16);
  }
  case VS_I8:
    return put<int8_t>(buffer, index, value);
  case VS_I16:
    return put<int16_t>(buffer, index, value);
  case VS_I32:
    return put<int32_t>(buffer, index, value);
  case VS_I64:
    return put<int64_t>(buffer, index, value);
  case VS_U8:
  case VS_BOOL:
    return put<uint8_t>(buffer, index, value);
  }
}

double caseInput(vs_dtype dtype, int64_t number, int rank, int64_t index) {
  uint64_t mixed =
      (static_cast<uint64_t>(number) * 1000003 +
       static_cast<uint64_t>(rank) * 7919 + static_cast<uint64_t>(index)) *
      0x9e3779b97f4a7c15ull;
  auto value = static_cast<int64_t>(mixed >> 61); // 0 to 7
  if (dtype == VS_BOOL)
    return static_cast<double>(value & 1);
  return static_cast<double>(dtype == VS_U8 ? value : value - 3);
}

double expectedElement(const vs_collective &op, const Group &group,
                       int64_t number, int64_t index) {
  auto dtype = static_cast<vs_dtype>(op.dtype);
  int members = group.size();
  auto input = [&](int member, int64_t element) {
    return caseInput(dtype, number, group.ranks[member], element);
  };
  auto reduced = [&](int64_t element) {
    double value = input(0, element);
    for (int member = 1; member < members; ++member) {
      double other = input(member, element);
      if (op.reduction == VS_SUM)
        value = dtype == VS_BOOL ? std::max(value, other) : value + other;
      else
        value = op.reduction == VS_MAX ? std::max(value, other)
                                       : std::min(value, other);
    }
    return value;
  };
  switch (op.kind) {
  case VS_ALL_REDUCE:
    return reduced(index);
  case VS_ALL_GATHER: {
    int64_t row = index / op.out_row, column = index % op.out_row;
    return input(static_cast<int>(column / op.chunk),
                 row * op.chunk + column % op.chunk);
  }
  case VS_REDUCE_SCATTER: {
    int64_t row = index / op.chunk;
    int64_t column = group.index * op.chunk + index % op.chunk;
    return column < op.in_row ? reduced(row * op.in_row + column) : 0;
  }
  case VS_ALL_TO_ALL: {
    // The result's coordinates, whichever order its two dimensions have.
    int64_t block = (op.in_row + members - 1) / members;
    int64_t last = op.swap_dims ? block : op.out_row;
    int64_t first = op.swap_dims ? op.out_row : block;
    int64_t inner = index % op.inner, rest = index / op.inner;
    int64_t late = rest % last, mid = rest / last % op.mid;
    int64_t early = rest / last / op.mid % first,
            outer = rest / last / op.mid / first;
    int64_t row = group.index * block + (op.swap_dims ? late : early);
    int64_t column = op.swap_dims ? early : late;
    if (row >= op.in_row)
      return 0;
    auto member = static_cast<int>(column / op.chunk);
    int64_t within = column % op.chunk;
    int64_t element =
        op.swap_dims
            ? (((outer * op.chunk + within) * op.mid + mid) * op.in_row + row) *
                      op.inner +
                  inner
            : (((outer * op.in_row + row) * op.mid + mid) * op.chunk + within) *
                      op.inner +
                  inner;
    return input(member, element);
  }
  case VS_PERMUTE:
    for (int member = 0; member < members; ++member)
      if (op.peers[member] == group.index)
        return input(member, index);
    return 0;
  }
  return 0;
}

} // namespace vescale::runtime
