//===- OpTime.cpp - How long an op takes on a machine -----------*- C++ -*-===//
//
// A dense product takes as long as the machine file's for its shape. Attention
// is priced as its two products of all queries with all keys, less what the
// mask leaves out. All else streams: it reads and writes its bytes and computes
// meanwhile.
//
//===----------------------------------------------------------------------===//
#include "vescale/CostModel/OpTime.h"
#include "dialects/Graph/Graph.h"
#include "vescale/CostModel/Machine.h"

using namespace mlir;
using namespace vescale;

std::optional<ProductShape>
vescale::productOf(Operation *op, ArrayRef<RankedTensorType> operandTypes) {
  auto dot = dyn_cast<graph::DotOp>(op);
  if (!dot)
    return std::nullopt;
  auto product = [](RankedTensorType type, ArrayRef<int64_t> dims) {
    int64_t size = 1;
    for (int64_t dim : dims)
      size *= type.getDimSize(dim);
    return size;
  };
  RankedTensorType lhs = operandTypes[0], rhs = operandTypes[1];
  return ProductShape{product(lhs, dot.getLhsBatch()),
                      product(lhs, dot.getLhsFree()),
                      product(rhs, dot.getRhsFree()),
                      product(lhs, dot.getLhsContract())};
}

std::string vescale::elementName(Type element) {
  std::string name;
  llvm::raw_string_ostream(name) << element;
  return name;
}

bool vescale::isFree(Operation *op) {
  return isa<graph::ReshapeOp, graph::TransposeOp, graph::ParameterOp,
             graph::ConstantOp, graph::UpdateOp, graph::BroadcastOp>(op);
}

/// Two products of queries with keys, as far as they see each other.
static double attentionTime(Operation *op, ArrayRef<RankedTensorType> operands,
                            const OpCost &cost, const Machine &machine) {
  ArrayRef<int64_t> q = operands[0].getShape();
  ArrayRef<int64_t> k = operands[1].getShape();
  int64_t heads = q[0] * q[1];
  double one = machine.gemmTime(elementName(operands[0].getElementType()),
                                heads, q[2], k[2], q[3]);
  double flops = 2.0 * heads * q[2] * k[2] * q[3];
  return one * (static_cast<double>(cost.flops) / flops);
}

double vescale::opTime(Operation *op, ArrayRef<RankedTensorType> operandTypes,
                       ArrayRef<RankedTensorType> resultTypes,
                       const Machine &machine) {
  if (isFree(op))
    return 0;
  if (std::optional<ProductShape> product = productOf(op, operandTypes))
    return machine.gemmTime(elementName(operandTypes[0].getElementType()),
                            product->batch, product->m, product->n,
                            product->k);
  OpCost cost = cast<CostOpInterface>(op).getCost(operandTypes, resultTypes);
  if (isa<graph::AttentionOp, graph::AttentionGradOp>(op))
    return attentionTime(op, operandTypes, cost, machine);
  return machine.streamTime(static_cast<double>(cost.flops),
                            static_cast<double>(cost.bytesRead) +
                                static_cast<double>(cost.bytesWritten));
}
