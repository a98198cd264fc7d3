//===- OpRegistry.h - Which function imports which ONNX op ------*- C++ -*-===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_OPREGISTRY_H
#define VESCALE_LIB_FRONTEND_ONNX_OPREGISTRY_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringMap.h"

namespace vescale::onnx {

class NodeContext;
using OpImporter = std::function<mlir::LogicalResult(NodeContext &)>;

/// What inputs may be besides tensors.
enum class InputKind { Tensors, Any };

struct OpEntry {
  int64_t since;   ///< first operator set whose meaning this is
  unsigned inputs; ///< of which the node must have at least this many
  InputKind kind;
  OpImporter import;
};

/// Op importers by domain and name. Of several the one with the highest `since`
/// not above the model's operator set applies.
class OpRegistry {
public:
  /// All ops of all families.
  static const OpRegistry &get();

  void add(llvm::StringRef op, unsigned inputs, OpImporter import,
           int64_t since = 1, InputKind kind = InputKind::Tensors);
  const OpEntry *find(llvm::StringRef domain, llvm::StringRef op,
                      int64_t opset) const;

private:
  OpRegistry();
  llvm::StringMap<llvm::SmallVector<OpEntry, 1>> entries;
};

// One per family, in its own file under Ops/.
void addActivationOps(OpRegistry &registry);
void addAttentionOps(OpRegistry &registry);
void addConstantOps(OpRegistry &registry);
void addContractionOps(OpRegistry &registry);
void addControlOps(OpRegistry &registry);
void addConvolutionOps(OpRegistry &registry);
void addElementwiseOps(OpRegistry &registry);
void addIndexingOps(OpRegistry &registry);
void addLossOps(OpRegistry &registry);
void addNormalizationOps(OpRegistry &registry);
void addQuantizationOps(OpRegistry &registry);
void addReductionOps(OpRegistry &registry);
void addResizeOps(OpRegistry &registry);
void addScatterOps(OpRegistry &registry);
void addSequenceOps(OpRegistry &registry);
void addShapeOps(OpRegistry &registry);
void addSliceOps(OpRegistry &registry);
void addSortingOps(OpRegistry &registry);
void addSpecialConvolutionOps(OpRegistry &registry);

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_OPREGISTRY_H
