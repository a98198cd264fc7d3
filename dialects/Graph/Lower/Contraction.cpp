//===- Contraction.cpp - Elements of dot ------------------------*- C++ -*-===//
//
// What the library has no call for: integers and f64.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LoweringKind DotOp::getLoweringKind() { return LoweringKind::Heavy; }
bool DotOp::rereads(unsigned) { return true; }

Value graph::loopNest(ElementBuilder &builder, ArrayRef<int64_t> counts,
                      SmallVectorImpl<Value> &positions, Value carried,
                      function_ref<Value(Value)> body) {
  if (counts.empty())
    return body(carried);
  return builder.loop(
      counts[0], carried, [&](Value position, ArrayRef<Value> values) {
        positions.push_back(position);
        Value next =
            loopNest(builder, counts.drop_front(), positions, values[0], body);
        positions.pop_back();
        return SmallVector<Value>{next};
      })[0];
}

Value DotOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  SmallVector<Value> result = builder.indices(at);
  SmallVector<Value> lhs(rankOf(getLhs())), rhs(rankOf(getRhs()));
  size_t next = 0;
  for (auto [l, r] : llvm::zip_equal(getLhsBatch(), getRhsBatch()))
    lhs[l] = rhs[r] = result[next++];
  for (int64_t dim : getLhsFree())
    lhs[dim] = result[next++];
  for (int64_t dim : getRhsFree())
    rhs[dim] = result[next++];
  SmallVector<int64_t> counts;
  for (int64_t dim : getLhsContract())
    counts.push_back(shapeOf(getLhs())[dim]);
  Type type = computeType(typeOf(getResult()).getElementType());
  // Leaves cut the outermost of the contracted dimensions.
  int64_t leaves = std::max<int64_t>(dist::getLeaves(*this), 1), length = 0;
  if (!counts.empty())
    length = counts[0] /= leaves;
  return sumLeaves(builder, type, leaves, length, [&](Value begin) {
    SmallVector<Value> positions;
    return loopNest(
        builder, counts, positions, emit.neutral(Reduction::Sum, type),
        [&](Value sum) {
          for (auto [l, r, position] :
               llvm::zip_equal(getLhsContract(), getRhsContract(), positions))
            lhs[l] = rhs[r] = position;
          if (leaves > 1) {
            int64_t l = getLhsContract()[0], r = getRhsContract()[0];
            lhs[l] = rhs[r] = arith::AddIOp::create(builder.builder,
                                                    builder.loc, begin, lhs[l]);
          }
          Value x = builder.read(getLhs(), builder.at(shapeOf(getLhs()), lhs));
          Value y = builder.read(getRhs(), builder.at(shapeOf(getRhs()), rhs));
          return emit.accumulate(Reduction::Sum, sum, emit.mul(x, y));
        });
  });
}
