//===- OpRegistry.cpp - Which function imports which ONNX op --------------===//

#include "lib/Frontend/Onnx/OpRegistry.h"

namespace vescale::onnx {

OpRegistry::OpRegistry() {
  addActivationOps(*this);
  addAttentionOps(*this);
  addConstantOps(*this);
  addContractionOps(*this);
  addControlOps(*this);
  addConvolutionOps(*this);
  addElementwiseOps(*this);
  addIndexingOps(*this);
  addLossOps(*this);
  addNormalizationOps(*this);
  addQuantizationOps(*this);
  addReductionOps(*this);
  addResizeOps(*this);
  addScatterOps(*this);
  addSequenceOps(*this);
  addShapeOps(*this);
  addSliceOps(*this);
  addSortingOps(*this);
  addSpecialConvolutionOps(*this);
}

const OpRegistry &OpRegistry::get() {
  static const OpRegistry registry;
  return registry;
}

void OpRegistry::add(llvm::StringRef op, unsigned inputs, OpImporter import,
                     int64_t since, InputKind kind) {
  entries[op].push_back({since, inputs, kind, std::move(import)});
}

const OpEntry *OpRegistry::find(llvm::StringRef domain, llvm::StringRef op,
                                int64_t opset) const {
  if (!domain.empty())
    return nullptr;
  auto it = entries.find(op);
  if (it == entries.end())
    return nullptr;
  const OpEntry *best = nullptr;
  for (const OpEntry &entry : it->second)
    if (entry.since <= opset && (!best || entry.since > best->since))
      best = &entry;
  return best;
}

} // namespace vescale::onnx
