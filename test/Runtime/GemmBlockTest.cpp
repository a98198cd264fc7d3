// The matrix product without the library, for every instruction set this CPU
// has, against a sum in double; equal elements whatever the box.
#include "runtime/kernels/GemmBlock.h"
#include "runtime/kernels/Blocking.h"
#include "runtime/kernels/Isa.h"
#include "test/Runtime/KernelTesting.h"

using namespace vescale::runtime;

namespace {

using Kernel = void (*)(const GemmBlock &);

std::vector<Kernel> kernels() {
  std::vector<Kernel> list = {v3::gemmBlock};
  if (hasWideVectors())
    list.push_back(v4::gemmBlock);
  return list;
}

struct Product {
  GemmBlock block{};
  std::vector<float> a, b, c;
  TestArena arena;

  Product(int64_t m, int64_t n, int64_t k, bool ta, bool tb, Random &random) {
    block.rows = m;
    block.columns = n;
    block.depth = k;
    block.transposeA = ta;
    block.transposeB = tb;
    block.lda = (ta ? m : k) + random.between(0, 3);
    block.ldb = (tb ? k : n) + random.between(0, 3);
    block.ldc = n + random.between(0, 3);
    a.resize((ta ? k : m) * block.lda);
    b.resize((tb ? n : k) * block.ldb);
    c.assign(m * block.ldc, 7.0f);
    random.fill(a.data(), a.size());
    random.fill(b.data(), b.size());
    block.a = a.data();
    block.b = b.data();
    block.c = c.data();
    vs_ref ref;
    block.scratch = arena.alloc(gemmBlockScratch / 4, ref);
  }

  void check() const {
    for (int64_t i = 0; i < block.rows; ++i)
      for (int64_t j = 0; j < block.ldc; ++j) {
        if (j >= block.columns) {
          ASSERT_EQ(c[i * block.ldc + j], 7.0f) << "written past the box";
          continue;
        }
        double sum = 0, size = 0;
        for (int64_t p = 0; p < block.depth; ++p) {
          double term =
              double(
                  a[block.transposeA ? p * block.lda + i : i * block.lda + p]) *
              b[block.transposeB ? j * block.ldb + p : p * block.ldb + j];
          sum += term;
          size += std::fabs(term);
        }
        ASSERT_NEAR(c[i * block.ldc + j], sum,
                    (block.depth + 1) * 0x1p-24 * size)
            << i << "," << j << " of " << block.rows << "x" << block.columns
            << "x" << block.depth;
      }
  }
};

TEST(GemmBlock, RandomShapes) {
  Random random(3);
  for (Kernel kernel : kernels())
    for (int i = 0; i < 200; ++i) {
      Product product(random.between(1, 150), random.between(1, 150),
                      random.pick({0, 1, 3, 16, 63, 256, 257, 600}),
                      random.chance(0.5), random.chance(0.5), random);
      kernel(product.block);
      product.check();
    }
}

TEST(GemmBlock, BoxesDoNotChangeBits) {
  Random random(4);
  for (Kernel kernel : kernels())
    for (bool transposeA : {false, true})
      for (bool transposeB : {false, true}) {
        Product whole(70, 130, 603, transposeA, transposeB, random);
        kernel(whole.block);
        std::vector<float> expected = whole.c;
        for (int64_t rows : {1, 2, 3, 4, 5, 7, 16}) {
          std::fill(whole.c.begin(), whole.c.end(), 7.0f);
          for (int64_t row = 0; row < 70; row += rows)
            for (int64_t column = 0; column < 130; column += 13) {
              GemmBlock box = whole.block;
              box.a += row * (transposeA ? 1 : box.lda);
              box.b += column * (transposeB ? box.ldb : 1);
              box.c += row * box.ldc + column;
              box.rows = std::min(rows, 70 - row);
              box.columns = 13;
              kernel(box);
            }
          ASSERT_EQ(whole.c, expected) << rows << " rows";
        }
      }
}

TEST(GemmBlock, InstructionSetsDoNotChangeBits) {
  Random random(5);
  for (bool transposeA : {false, true})
    for (bool transposeB : {false, true}) {
      Product product(70, 130, 600, transposeA, transposeB, random);
      v3::gemmBlock(product.block);
      std::vector<float> expected = product.c;
      product.check();
      for (Kernel kernel : kernels()) {
        kernel(product.block);
        ASSERT_EQ(product.c, expected);
      }
    }
}

} // namespace
