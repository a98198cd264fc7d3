//===- ShardingRule.cpp - Building and printing sharding rules --*- C++ -*-===//

#include "dialects/Dist/ShardingRule.h"
#include "dialects/Dist/Dist.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace vescale::dist;

bool Linearity::allows(ReductionKind kind) const {
  switch (kind) {
  case ReductionKind::Sum:
    return sum;
  case ReductionKind::Max:
    return max;
  case ReductionKind::Min:
    return min;
  }
  return false;
}

const Linearity *ShardingRule::findLinearity(ArrayRef<unsigned> partialOperands,
                                             ReductionKind kind) const {
  for (const Linearity &linearity : linearities)
    if (linearity.allows(kind) &&
        ArrayRef<unsigned>(linearity.operands) == partialOperands)
      return &linearity;
  return nullptr;
}

bool ShardingRule::isCompound(unsigned factor) const {
  auto compound = [&](ArrayRef<TensorFactors> tensors) {
    for (const TensorFactors &tensor : tensors)
      for (const DimFactors &dim : tensor)
        if (dim.size() > 1 && llvm::is_contained(dim, factor))
          return true;
    return false;
  };
  return compound(operands) || compound(results);
}

std::string ShardingRule::str() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto name = [](unsigned factor) {
    std::string letter(1, char('a' + factor % 26));
    return factor < 26 ? letter : letter + std::to_string(factor / 26);
  };
  auto print = [&](ArrayRef<TensorFactors> tensors) {
    os << '(';
    llvm::interleaveComma(tensors, os, [&](const TensorFactors &tensor) {
      os << '[';
      llvm::interleaveComma(tensor, os, [&](const DimFactors &dim) {
        for (unsigned factor : dim)
          os << name(factor);
      });
      os << ']';
    });
    os << ')';
  };
  print(operands);
  os << " -> ";
  print(results);
  os << " {";
  for (auto [index, factor] : llvm::enumerate(factors)) {
    os << (index ? ", " : "") << name(index) << '=' << factor.size;
    if (factor.kind == FactorKind::Reduction)
      os << ' ' << stringifyReductionKind(factor.reduction);
    else if (factor.kind == FactorKind::Whole)
      os << " whole";
  }
  os << '}';
  return text;
}

static RankedTensorType tensorType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// What is no tensor has no dimensions to shard; it has no layout either, and
/// verifyLayouts refuses it.
static int64_t tensorRank(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? type.getRank() : 0;
}

ShardingRuleBuilder::ShardingRuleBuilder(Operation *op) : op(op) {
  for (Value operand : op->getOperands())
    rule.operands.emplace_back(tensorRank(operand));
  for (Value result : op->getResults())
    rule.results.emplace_back(tensorRank(result));
}

unsigned ShardingRuleBuilder::factor(int64_t size, FactorKind kind) {
  Factor factor;
  factor.size = size;
  factor.kind = kind;
  rule.factors.push_back(factor);
  return rule.factors.size() - 1;
}

unsigned ShardingRuleBuilder::reduction(int64_t size, ReductionKind kind) {
  unsigned index = factor(size, FactorKind::Reduction);
  rule.factors[index].reduction = kind;
  return index;
}

ShardingRuleBuilder &ShardingRuleBuilder::exact(unsigned factor) {
  rule.factors[factor].allowsPadding = false;
  return *this;
}

ShardingRuleBuilder &ShardingRuleBuilder::skipsPadding(unsigned factor) {
  rule.factors[factor].readsPadding = false;
  return *this;
}

ShardingRuleBuilder &
ShardingRuleBuilder::operandDim(unsigned operand, unsigned dim,
                                ArrayRef<unsigned> factors) {
  rule.operands[operand][dim].append(factors.begin(), factors.end());
  return *this;
}

ShardingRuleBuilder &
ShardingRuleBuilder::resultDim(unsigned result, unsigned dim,
                               ArrayRef<unsigned> factors) {
  rule.results[result][dim].append(factors.begin(), factors.end());
  return *this;
}

ShardingRuleBuilder &ShardingRuleBuilder::pointwise() {
  Value any = op->getNumResults() ? Value(op->getResult(0)) : op->getOperand(0);
  auto shape = tensorType(any).getShape();
  for (auto [dim, size] : llvm::enumerate(shape)) {
    unsigned index = factor(size);
    for (TensorFactors &operand : rule.operands)
      operand[dim].push_back(index);
    for (TensorFactors &result : rule.results)
      result[dim].push_back(index);
  }
  return *this;
}

ShardingRuleBuilder &ShardingRuleBuilder::linear(ArrayRef<unsigned> operands) {
  return commutes(operands, ReductionKind::Sum);
}

ShardingRuleBuilder &ShardingRuleBuilder::moves(ArrayRef<unsigned> operands) {
  Linearity linearity;
  linearity.operands.assign(operands.begin(), operands.end());
  linearity.max = linearity.min = true;
  rule.linearities.push_back(linearity);
  return *this;
}

ShardingRuleBuilder &ShardingRuleBuilder::commutes(ArrayRef<unsigned> operands,
                                                   ReductionKind kind) {
  Linearity linearity;
  linearity.operands.assign(operands.begin(), operands.end());
  linearity.sum = kind == ReductionKind::Sum;
  linearity.max = kind == ReductionKind::Max;
  linearity.min = kind == ReductionKind::Min;
  rule.linearities.push_back(linearity);
  return *this;
}

ShardingRule ShardingRuleBuilder::build() {
#ifndef NDEBUG
  auto check = [&](ArrayRef<TensorFactors> tensors, auto values) {
    for (auto [tensor, value] : llvm::zip_equal(tensors, values))
      for (auto [dim, size] :
           llvm::zip_equal(tensor, tensorType(value).getShape())) {
        int64_t product = 1;
        for (unsigned factor : dim)
          product *= rule.factors[factor].size;
        assert(product == size && "factors do not make up the dimension");
      }
  };
  check(rule.operands, op->getOperands());
  check(rule.results, op->getResults());
#endif
  return std::move(rule);
}
