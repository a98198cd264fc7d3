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
