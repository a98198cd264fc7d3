//===- AuthorTest.cpp - Views on stored and on author's tensors -*- C++ -*-===//

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/BuiltinTypes.h"
#include "gtest/gtest.h"
#include <random>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

namespace {

/// The stored elements in the order in which the author's tensor has them.
SmallVector<int64_t> storedOfAuthors(AuthorAttr author,
                                     RankedTensorType stored) {
  SmallVector<int64_t> result(stored.getNumElements());
  SmallVector<int64_t> from = computeStrides(stored.getShape());
  SmallVector<int64_t> to = computeStrides(authorShape(author, stored));
  for (int64_t element = 0; element < stored.getNumElements(); ++element) {
    int64_t at = 0;
    for (auto [dim, index] : llvm::enumerate(delinearize(element, from)))
      at += index * to[author.getPermutation()[dim]];
    result[at] = element;
  }
  return result;
}

TEST(Author, ViewsShowTheSameElements) {
  MLIRContext context;
  context.loadDialect<GraphDialect>();
  int representable = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    auto below = [&](int64_t n) { return static_cast<int64_t>(random() % n); };
    SmallVector<int64_t> shape, permutation;
    for (int64_t dim = 0, rank = 1 + below(4); dim < rank; ++dim) {
      shape.push_back(1 + below(5));
      permutation.push_back(dim);
    }
    std::shuffle(permutation.begin(), permutation.end(), random);
    auto stored = RankedTensorType::get(shape, Float32Type::get(&context));
    auto author = AuthorAttr::get(&context, ArrayRef<int64_t>(permutation),
                                  ArrayRef<StringAttr>());
    // Any strides within the tensor: slices, transposes, merged dimensions.
    int64_t last = stored.getNumElements() - 1, offset = below(last + 1);
    SmallVector<int64_t> sizes, strides;
    for (int64_t dim = 0, rank = below(4), reach = offset; dim < rank; ++dim) {
      strides.push_back(1 + below(last + 1));
      sizes.push_back(1 + below((last - reach) / strides.back() + 1));
      reach += (sizes.back() - 1) * strides.back();
    }
    std::optional<StridedView> view =
        authorView(author, stored, sizes, {offset, strides});
    if (!view)
      continue;
    ++representable;
    SmallVector<int64_t> elements = storedOfAuthors(author, stored);
    int64_t count = computeProduct(sizes);
    SmallVector<int64_t> dense = computeStrides(sizes);
    for (int64_t i = 0; i < count; ++i) {
      int64_t ours = offset, theirs = view->offset;
      for (auto [dim, index] : llvm::enumerate(delinearize(i, dense))) {
        ours += index * strides[dim];
        theirs += index * view->strides[dim];
      }
      ASSERT_EQ(elements[theirs], ours) << "seed " << seed;
    }
  }
  EXPECT_GT(representable, 500);
}

TEST(Author, MergedDimensionsHaveNoStrideInATranspose) {
  MLIRContext context;
  context.loadDialect<GraphDialect>();
  auto stored = RankedTensorType::get({4, 3}, Float32Type::get(&context));
  auto transposed = AuthorAttr::get(&context, ArrayRef<int64_t>({1, 0}),
                                    ArrayRef<StringAttr>());
  EXPECT_FALSE(authorView(transposed, stored, {12}, {0, {1}}));
  std::optional<StridedView> row =
      authorView(transposed, stored, {3}, {6, {1}});
  ASSERT_TRUE(row);
  EXPECT_EQ(row->offset, 2);
  EXPECT_EQ(row->strides, SmallVector<int64_t>{4});
  // What is said of a weight goes by the author's dimensions.
  EXPECT_EQ(parameterOrder(transposed, stored, {3, 1}),
            (SmallVector<int64_t>{1, 0}));
  EXPECT_EQ(parameterOrder({}, stored, {3, 1}), (SmallVector<int64_t>{0, 1}));
}

} // namespace
