// What buffers in memory add to products and epilogues.
#include "runtime/profile/Fetches.h"

#include "runtime/kernels/Isa.h"
#include "runtime/profile/Loops.h"
#include "runtime/profile/Products.h"

#include <algorithm>

namespace vescale::runtime {

// Products so shallow that buffers are much of their time.
constexpr int64_t rows = 1024, shallow = 64, deep = 256;
// An epilogue's is a layer's: where it goes over a box, the product has left
// parts of that in outer caches, and other boxes were at other pages since.
constexpr int64_t layerRows = 2048, layerColumns = 1536;
// Of what stays in its place.
constexpr int64_t fixedBytes = int64_t(32) << 20;

static void multiplyByGeluGrad(void *const *buffers, const int64_t *lo,
                               const int64_t *hi, const int64_t *) {
  (hasWideVectors() ? v4::geluGradBox : v3::geluGradBox)(
      static_cast<const float *>(buffers[0]), static_cast<float *>(buffers[1]),
      lo, hi, layerColumns);
}

Fetches::Fetches(Rounds &rounds, int64_t memoryBytes)
    : arena(fixedBytes + memoryBytes), memoryBytes(memoryBytes) {
  std::fill_n(reinterpret_cast<float *>(arena.data()),
              (fixedBytes + memoryBytes) / 4, 0.5f);
  addresses.arena = arena.data();
  products[0] = addProduct(rounds, shallow, deep);
  products[1] = addProduct(rounds, deep, shallow);
  epilogue = addEpilogue(rounds);
}

template <typename Make>
size_t Fetches::add(Rounds &rounds, const char *name, int64_t placeBytes,
                    Make make) {
  size_t first = steps.size();
  for (int64_t at = fixedBytes; at + placeBytes <= fixedBytes + memoryBytes;
       at += placeBytes)
    steps.push_back(makeGemmStep(make(at), addresses, nullptr));
  size_t count = steps.size() - first;
  return rounds.add({name, [this, first, count, turn = size_t(0)]() mutable {
                       steps[first + turn++ % count]->run();
                     }});
}

Fetches::Pair Fetches::addProduct(Rounds &rounds, int64_t n, int64_t k) {
  int64_t bytes = (rows * k + k * n + rows * n) * 4, all;
  vs_gemm near = makeGemm(VS_F32, Plain, 1, rows, n, k, all);
  auto makeFar = [&](int64_t at) {
    vs_gemm far = near;
    for (vs_ref *ref : {&far.a, &far.b, &far.c})
      ref->offset += at;
    return far;
  };
  return {
      bytes,
      add(rounds, "product in the cache", bytes, [&](int64_t) { return near; }),
      add(rounds, "product in memory", bytes, makeFar)};
}

/// Either has its result in memory, as most products have.
Fetches::Pair Fetches::addEpilogue(Rounds &rounds) {
  constexpr int64_t bytes = layerRows * layerColumns * 4;
  int64_t all;
  vs_gemm plain =
      makeGemm(VS_F32, Plain, 1, layerRows, layerColumns, deep, all);
  auto makePlain = [&](int64_t at) {
    vs_gemm op = plain;
    op.c.offset = at;
    return op;
  };
  vs_ref buffers[2];
  auto makeWith = [&](int64_t at) {
    vs_gemm op = makePlain(at);
    buffers[0] = {VS_ARENA, 0, at + bytes};
    buffers[1] = op.c;
    op.epilogue.fn = multiplyByGeluGrad;
    op.epilogue.buffers = buffers;
    op.epilogue.num_buffers = 2;
    op.epilogue.num_dims = 2;
    op.epilogue.extents[0] = layerRows;
    op.epilogue.extents[1] = layerColumns;
    op.epilogue.flops_per_point = geluGradOperations;
    return op;
  };
  return {bytes, add(rounds, "product of a layer", 2 * bytes, makePlain),
          add(rounds, "product with an epilogue", 2 * bytes, makeWith)};
}

// More than any memory has; what can't be measured adds nothing.
constexpr double most = 1e12;

double Fetches::ofProducts(const Rounds &rounds) const {
  double bytes = 0, us = 0;
  for (const Pair &pair : products) {
    bytes += pair.bytes;
    us += rounds.microseconds(pair.far) - rounds.microseconds(pair.near);
  }
  return bytes / std::max(1e-6 * us, bytes / most);
}

double Fetches::ofEpilogues(const Rounds &rounds, double vectorRate) const {
  double operations = double(layerRows * layerColumns) * geluGradOperations;
  double us = rounds.microseconds(epilogue.far) -
              rounds.microseconds(epilogue.near) -
              1e6 * operations / vectorRate;
  return epilogue.bytes / std::max(1e-6 * us, epilogue.bytes / most);
}

} // namespace vescale::runtime
