//===- Normalization.cpp - A batch's statistics by other ops ----*- C++ -*-===//
//
// The mean first, then the mean square around it: no difference of large sums,
// and each sum may be shared by ranks that have parts of the batch.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Sharding/Local.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

SmallVector<int64_t> BatchStatisticsOp::getBatchDims() {
  return llvm::to_vector(
      llvm::make_filter_range(llvm::seq<int64_t>(0, rankOf(getInput())),
                              [](int64_t dim) { return dim != 1; }));
}

int64_t BatchStatisticsOp::getCount() {
  int64_t count = 1;
  for (int64_t dim : getBatchDims())
    count *= shapeOf(getInput())[dim];
  return count;
}

SmallVector<Value> BatchStatisticsOp::decompose(OpBuilder &builder) {
  if (!getOfBatch())
    return {getRunningMean(), getRunningVariance()};
  Location loc = getLoc();
  RankedTensorType type = typeOf(getInput()), row = typeOf(getMean());
  Value count = splat(builder, loc, row, getCount());
  auto average = [&](Value x) -> Value {
    Value sum =
        ReduceOp::create(builder, loc, row, Reduction::Sum, x, getBatchDims());
    return DivOp::create(builder, loc, row, sum, count);
  };
  Value mean = average(getInput());
  Value spread =
      BroadcastOp::create(builder, loc, type, mean, ArrayRef<int64_t>{1});
  Value centred = SubOp::create(builder, loc, type, getInput(), spread);
  return {mean, average(MulOp::create(builder, loc, type, centred, centred))};
}
