// The geometry of collectives.
#include "runtime/transport/Group.h"

#include "runtime/core/Threads.h"

#include <algorithm>
#include <cstring>

namespace vescale::runtime {

Group groupOf(const vs_group &group, int rank) {
  // The rank with all of the group's digits zero, then every combination.
  int64_t base = rank, members = 1, index = 0;
  for (int32_t i = 0; i < group.num_digits; ++i) {
    int64_t digit = rank / group.stride[i] % group.size[i];
    base -= digit * group.stride[i];
    index = index * group.size[i] + digit;
    members *= group.size[i];
  }
  Group result;
  result.index = static_cast<int>(index);
  for (int64_t member = 0; member < members; ++member) {
    int64_t at = base, rest = member;
    for (int32_t i = group.num_digits; i-- > 0;) {
      at += rest % group.size[i] * group.stride[i];
      rest /= group.size[i];
    }
    result.ranks.push_back(static_cast<int>(at));
  }
  return result;
}

static int64_t part(int64_t total, int64_t chunk, int64_t index) {
  return std::clamp<int64_t>(total - index * chunk, 0, chunk);
}

Transfer transferOf(const vs_collective &op, int members, int from, int to) {
  Transfer t;
  auto set = [&t](std::initializer_list<int64_t> sizes,
                  std::initializer_list<int64_t> in,
                  std::initializer_list<int64_t> out) {
    std::copy(sizes.begin(), sizes.end(), t.sizes);
    std::copy(in.begin(), in.end(), t.inStrides);
    std::copy(out.begin(), out.end(), t.outStrides);
  };
  switch (op.kind) {
  case VS_ALL_GATHER:
    set({1, 1, op.outer, part(op.out_row, op.chunk, from)}, {0, 0, op.chunk},
        {0, 0, op.out_row});
    t.outOffset = from * op.chunk;
    break;
  case VS_REDUCE_SCATTER:
    set({1, 1, op.outer, part(op.in_row, op.chunk, to)}, {0, 0, op.in_row},
        {0, 0, op.chunk});
    t.inOffset = to * op.chunk;
    break;
  case VS_ALL_TO_ALL: {
    int64_t block = (op.in_row + members - 1) / members;
    int64_t rows = part(op.in_row, block, to);
    int64_t width = part(op.out_row, op.chunk, from);
    if (!op.swap_dims) {
      int64_t inRow = op.mid * op.chunk * op.inner;
      int64_t outRow = op.mid * op.out_row * op.inner;
      set({op.outer, rows, op.mid, width * op.inner},
          {op.in_row * inRow, inRow, op.chunk * op.inner},
          {block * outRow, outRow, op.out_row * op.inner});
      t.inOffset = to * block * inRow;
      t.outOffset = from * op.chunk * op.inner;
    } else {
      int64_t inRow = op.mid * op.in_row * op.inner;
      int64_t outRow = op.mid * block * op.inner;
      set({op.outer, width, op.mid, rows * op.inner},
          {op.chunk * inRow, inRow, op.in_row * op.inner},
          {op.out_row * outRow, outRow, block * op.inner});
      t.inOffset = to * block * op.inner;
      t.outOffset = from * op.chunk * outRow;
    }
    break;
  }
  case VS_PERMUTE:
    if (op.peers[from] == to)
      set({1, 1, 1, op.count}, {0, 0, 0}, {0, 0, 0});
    break;
  default:
    break;
  }
  return t;
}

int64_t inputElements(const vs_collective &op, int members) {
  switch (op.kind) {
  case VS_ALL_GATHER:
    return op.outer * op.chunk;
  case VS_REDUCE_SCATTER:
    return op.outer * op.in_row;
  case VS_ALL_TO_ALL:
    return op.outer * op.in_row * op.mid * op.chunk * op.inner;
  default:
    return op.count;
  }
}

int64_t outputElements(const vs_collective &op, int members) {
  switch (op.kind) {
  case VS_ALL_GATHER:
    return op.outer * op.out_row;
  case VS_REDUCE_SCATTER:
    return op.outer * op.chunk;
  case VS_ALL_TO_ALL:
    return op.outer * ((op.in_row + members - 1) / members) * op.mid *
           op.out_row * op.inner;
  default:
    return op.count;
  }
}

void zeroPadding(const vs_collective &op, int members, int to, char *out,
                 int64_t elementBytes) {
  bool padded = false;
  switch (op.kind) {
  case VS_REDUCE_SCATTER:
    padded = part(op.in_row, op.chunk, to) < op.chunk;
    break;
  case VS_ALL_GATHER:
    padded = op.chunk * members < op.out_row;
    break;
  case VS_ALL_TO_ALL: {
    int64_t block = (op.in_row + members - 1) / members;
    padded =
        part(op.in_row, block, to) < block || op.chunk * members < op.out_row;
    break;
  }
  case VS_PERMUTE:
    padded = std::find(op.peers, op.peers + members, to) == op.peers + members;
    break;
  default:
    break;
  }
  if (padded)
    std::memset(out, 0, outputElements(op, members) * elementBytes);
}

namespace {

/// Calls body(in, out, bytes) for each dense run; strides in bytes.
template <typename Body>
void forRuns(const Transfer &t, int64_t elementBytes, Body body) {
  int64_t run = t.sizes[3] * elementBytes;
  if (t.elements() == 0)
    return;
  int64_t rows = t.sizes[0] * t.sizes[1] * t.sizes[2];
  if (rows == 1)
    return parallelRange(run, 1 << 18, [&](int64_t lo, int64_t hi) {
      body(t.inOffset * elementBytes + lo, t.outOffset * elementBytes + lo, lo,
           hi - lo);
    });
  parallelRange(rows, std::max<int64_t>(1, (1 << 18) / run),
                [&](int64_t lo, int64_t hi) {
                  for (int64_t row = lo; row < hi; ++row) {
                    int64_t i = row / t.sizes[2] / t.sizes[1];
                    int64_t j = row / t.sizes[2] % t.sizes[1];
                    int64_t l = row % t.sizes[2];
                    int64_t in = t.inOffset + i * t.inStrides[0] +
                                 j * t.inStrides[1] + l * t.inStrides[2];
                    int64_t out = t.outOffset + i * t.outStrides[0] +
                                  j * t.outStrides[1] + l * t.outStrides[2];
                    body(in * elementBytes, out * elementBytes, row * run, run);
                  }
                });
}

} // namespace

void copyTransfer(const Transfer &transfer, const char *in, char *out,
                  int64_t elementBytes) {
  forRuns(transfer, elementBytes,
          [=](int64_t inAt, int64_t outAt, int64_t, int64_t bytes) {
            std::memcpy(out + outAt, in + inAt, bytes);
          });
}

void packTransfer(const Transfer &transfer, const char *in, char *dense,
                  int64_t elementBytes) {
  forRuns(transfer, elementBytes,
          [=](int64_t inAt, int64_t, int64_t at, int64_t bytes) {
            std::memcpy(dense + at, in + inAt, bytes);
          });
}

void unpackTransfer(const Transfer &transfer, const char *dense, char *out,
                    int64_t elementBytes) {
  forRuns(transfer, elementBytes,
          [=](int64_t, int64_t outAt, int64_t at, int64_t bytes) {
            std::memcpy(out + outAt, dense + at, bytes);
          });
}

} // namespace vescale::runtime
