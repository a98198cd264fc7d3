//===- LinalgModels.cpp - Our interfaces on linalg ops ----------*- C++ -*-===//

#include "dialects/External/External.h"
#include "dialects/External/Linalg.h"
#include "dialects/Graph/Graph.h"

using namespace mlir;
using namespace vescale;

namespace {
template <typename Op>
struct Sharding : dist::ShardableOpInterface::ExternalModel<Sharding<Op>, Op> {
  dist::ShardingRule getShardingRule(Operation *op) const {
    return getLinalgRule(cast<linalg::LinalgOp>(op));
  }
  FailureOr<SmallVector<Value>>
  partition(Operation *op, OpBuilder &builder, ValueRange operands,
            ArrayRef<RankedTensorType> resultTypes,
            const dist::PartitionContext &context) const {
    return partitionLinalg(cast<linalg::LinalgOp>(op), builder, operands,
                           resultTypes, context);
  }
};

template <typename Op>
struct Evaluation : EvaluateOpInterface::ExternalModel<Evaluation<Op>, Op> {
  Tensors evaluate(Operation *op, ArrayRef<const Tensor *> operands,
                   EvaluateContext &context) const {
    return evaluateLinalg(cast<linalg::LinalgOp>(op), operands, context);
  }
};

template <typename... Ops> void attach(MLIRContext *context) {
  (Ops::template attachInterface<Sharding<Ops>, Evaluation<Ops>>(*context),
   ...);
}
} // namespace

void vescale::registerLinalgModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    // Local forms are built of these.
    context->loadDialect<dist::DistDialect, graph::GraphDialect>();
    attach<
#define GET_OP_LIST
#include "mlir/Dialect/Linalg/IR/LinalgStructuredOps.cpp.inc"
        >(context);
  });
}
