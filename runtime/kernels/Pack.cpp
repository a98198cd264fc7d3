// Packs weights into panels of 64 columns.
#include "runtime/kernels/Pack.h"

#include "runtime/core/Threads.h"

#include <dnnl.hpp>

#include <cstring>
#include <string>

namespace vescale::runtime {

bool packsPairs(vs_dtype dtype) {
  if (dtype != VS_BF16)
    return false;
  static const bool pairs = [] {
    using dnnl::memory;
    try {
      dnnl::engine engine(dnnl::engine::kind::cpu, 0);
      dnnl::matmul::primitive_desc matmul(
          dnnl::matmul::desc(
              {{64, 64}, memory::data_type::bf16, memory::format_tag::ab},
              {{64, 64},
               memory::data_type::bf16,
               memory::format_tag::BA16a64b2a},
              {{64, 64}, memory::data_type::f32, memory::format_tag::ab}),
          engine);
      return std::string(matmul.impl_info_str()).rfind("brg", 0) == 0;
    } catch (const dnnl::error &) {
      return false;
    }
  }();
  return pairs;
}

namespace {

/// One panel: columns [column, column + 64) of `in`.
template <typename T, bool Pairs>
void packPanel(int64_t rows, int64_t validK, int64_t validColumns, const T *in,
               int64_t rowStride, int64_t columnStride, T *out) {
  std::memset(out, 0, rows * panelColumns * sizeof(T));
  if (!Pairs && columnStride == 1) {
    for (int64_t row = 0; row < validK; ++row)
      std::memcpy(out + row * panelColumns, in + row * rowStride,
                  validColumns * sizeof(T));
    return;
  }
  // Tiles of 16 rows keep a transposed source's lines in the cache.
  for (int64_t tile = 0; tile < validK; tile += 16)
    for (int64_t column = 0; column < validColumns; ++column)
      for (int64_t row = tile; row < std::min(tile + 16, validK); ++row) {
        int64_t at = Pairs ? (row / 2 * panelColumns + column) * 2 + row % 2
                           : row * panelColumns + column;
        out[at] = in[row * rowStride + column * columnStride];
      }
}

template <typename T, bool Pairs>
void packAll(int64_t rows, int64_t n, int64_t validK, int64_t validN,
             const char *in, int64_t rowStride, int64_t columnStride,
             char *out) {
  int64_t panels = (n + panelColumns - 1) / panelColumns;
  parallelItems(panels, threadCount(), [&](int64_t panel, int) {
    int64_t column = panel * panelColumns;
    packPanel<T, Pairs>(
        rows, validK,
        std::max<int64_t>(0, std::min(validN - column, panelColumns)),
        reinterpret_cast<const T *>(in) + column * columnStride, rowStride,
        columnStride, reinterpret_cast<T *>(out) + column * rows);
  });
}

} // namespace

void packWeight(vs_dtype dtype, int64_t k, int64_t n, int64_t validK,
                int64_t validN, const char *in, int64_t rowStride,
                int64_t columnStride, char *out) {
  int64_t rows = packedRows(k, dtype);
  if (dtype == VS_F32)
    packAll<uint32_t, false>(rows, n, validK, validN, in, rowStride,
                             columnStride, out);
  else if (packsPairs(dtype))
    packAll<uint16_t, true>(rows, n, validK, validN, in, rowStride,
                            columnStride, out);
  else
    packAll<uint16_t, false>(rows, n, validK, validN, in, rowStride,
                             columnStride, out);
}

} // namespace vescale::runtime
