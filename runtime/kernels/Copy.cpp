// Strided copies: dimensions are merged and ordered so that the innermost run
// is as long and as dense as it can be.
#include "runtime/core/Threads.h"
#include "runtime/kernels/Blocking.h"
#include "runtime/kernels/Step.h"

#include <algorithm>
#include <cstring>

namespace vescale::runtime {
namespace {

struct Dim {
  int64_t size, in, out; // strides in bytes
};

template <typename T>
void copyInner(const Dim &dim, const char *in, char *out) {
  for (int64_t i = 0; i < dim.size; ++i)
    std::memcpy(out + i * dim.out, in + i * dim.in, sizeof(T));
}

class CopyStep : public Step {
public:
  CopyStep(const vs_copy &copy, const Addresses &addresses)
      : in(addresses.at(copy.in)), out(addresses.at(copy.out)),
        bytes(copy.element_bytes) {
    for (int32_t i = 0; i < copy.num_dims; ++i) {
      Dim dim{copy.sizes[i], copy.in_strides[i] * bytes,
              copy.out_strides[i] * bytes};
      empty |= dim.size == 0;
      if (dim.size != 1)
        dims.push_back(dim);
    }
    // The result's order decides: writes go forward in memory.
    std::sort(dims.begin(), dims.end(),
              [](const Dim &a, const Dim &b) { return a.out > b.out; });
    std::vector<Dim> merged;
    for (const Dim &dim : dims) {
      if (!merged.empty() && merged.back().in == dim.in * dim.size &&
          merged.back().out == dim.out * dim.size)
        merged.back() = {merged.back().size * dim.size, dim.in, dim.out};
      else
        merged.push_back(dim);
    }
    dims = merged;
    if (!dims.empty() && dims.back().in == bytes && dims.back().out == bytes) {
      runBytes = dims.back().size * bytes;
      dims.pop_back();
    } else {
      runBytes = bytes;
    }
    for (const Dim &dim : dims)
      rows *= dim.size;
  }

  void run() override {
    if (empty)
      return;
    if (dims.empty()) {
      parallelRange(runBytes, 1 << 18, [&](int64_t lo, int64_t hi) {
        std::memcpy(out + lo, in + lo, hi - lo);
      });
      return;
    }
    const Dim &inner = dims.back();
    parallelRange(rows / inner.size,
                  std::max<int64_t>(1, (1 << 16) / (runBytes * inner.size)),
                  [&](int64_t lo, int64_t hi) {
                    for (int64_t row = lo; row < hi; ++row)
                      copyRow(row);
                  });
  }

private:
  void copyRow(int64_t row) {
    int64_t inAt = 0, outAt = 0;
    for (size_t i = dims.size() - 1; i-- > 0;) {
      int64_t index = row % dims[i].size;
      row /= dims[i].size;
      inAt += index * dims[i].in;
      outAt += index * dims[i].out;
    }
    const Dim &inner = dims.back();
    const char *from = in + inAt;
    char *to = out + outAt;
    switch (runBytes) {
    case 1:
      return copyInner<char>(inner, from, to);
    case 2:
      return copyInner<int16_t>(inner, from, to);
    case 4:
      return copyInner<int32_t>(inner, from, to);
    case 8:
      return copyInner<int64_t>(inner, from, to);
    default:
      for (int64_t i = 0; i < inner.size; ++i)
        std::memcpy(to + i * inner.out, from + i * inner.in, runBytes);
    }
  }

  const char *in;
  char *out;
  int64_t bytes, runBytes = 0, rows = 1;
  bool empty = false;
  std::vector<Dim> dims;
};

} // namespace

std::unique_ptr<Step> makeCopyStep(const vs_copy &copy,
                                   const Addresses &addresses) {
  return std::make_unique<CopyStep>(copy, addresses);
}

} // namespace vescale::runtime
