//===- MaskParts.cpp - What an attention mask is made of --------*- C++ -*-===//
#include "passes/Prepare/MaskParts.h"
#include "passes/Prepare/Match.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

void MaskParts::addCondition(Value value) {
  value = skipReshapes(value);
  auto both = value.getDefiningOp<AndOp>();
  if (!both)
    return conditions.push_back(value);
  addCondition(both.getLhs());
  addCondition(both.getRhs());
}

void MaskParts::add(Value value) {
  value = skipReshapes(value);
  if (typeOf(value).getElementType().isInteger(1))
    return addCondition(value);
  if (auto sum = value.getDefiningOp<AddOp>()) {
    add(sum.getLhs());
    return add(sum.getRhs());
  }
  if (auto select = value.getDefiningOp<SelectOp>()) {
    std::optional<double> fill = scalarOf(select.getOnFalse());
    if (scalarOf(select.getOnTrue()) == 0.0 && fill && *fill <= kHidesBelow) {
      if (std::isinf(*fill))
        return addCondition(select.getCondition());
      return summands.push_back({value, select.getCondition(), *fill});
    }
  }
  summands.push_back({value, {}, 0});
}

KnownMask::KnownMask(AttentionOp op)
    : shape(shapeOf(op.getMask())), queries(shapeOf(op.getQuery())[2]),
      keys(shapeOf(op.getKey())[2]), causal(op.getCausal()),
      window(op.getWindow()) {}

KnownMask::Verdict KnownMask::read() const {
  Verdict verdict;
  // The last query tells how wide a window would be.
  int64_t width = 0;
  for (int64_t key = 0; key < keys; ++key)
    width += sees(0, 0, queries - 1, key);
  verdict.window = width < keys ? width : 0;
  for (int64_t batch = 0; batch < shape[0]; ++batch)
    for (int64_t head = 0; head < shape[1]; ++head)
      for (int64_t query = 0; query < queries; ++query) {
        bool any = false;
        int64_t last = query + keys - queries;
        for (int64_t key = 0; key < keys; ++key) {
          bool visible = sees(batch, head, query, key);
          any |= visible;
          verdict.all &= visible;
          bool expected =
              key <= last && (!verdict.window || key > last - verdict.window);
          verdict.isCausal &= visible == expected;
        }
        verdict.eachQuery &= any;
      }
  return verdict;
}

bool KnownMask::sees(int64_t batch, int64_t head, int64_t query,
                     int64_t key) const {
  int64_t last = query + keys - queries;
  if (causal && (key > last || (window && key <= last - window)))
    return false;
  return holds(batch, head, query, key);
}

bool KnownMask::holds(int64_t batch, int64_t head, int64_t query,
                      int64_t key) const {
  int64_t index[] = {batch, head, shape[2] == 1 ? 0 : query, key};
  return llvm::all_of(conditions, [&](const Condition &condition) {
    double element = condition.view.at(index);
    return condition.zeros ? element == 0 : element != 0;
  });
}

Value prepare::createConjunction(OpBuilder &builder, Location loc,
                                 ValueRange conditions,
                                 ArrayRef<int64_t> shape) {
  Value all;
  for (Value condition : conditions) {
    condition = createReshape(builder, loc, condition, shape);
    all = all ? AndOp::create(builder, loc, all.getType(), all, condition)
                    .getResult()
              : condition;
  }
  return all;
}
