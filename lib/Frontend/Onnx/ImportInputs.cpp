//===- ImportInputs.cpp - Inputs and their dynamic dimensions -------------===//

#include "lib/Frontend/Onnx/Importer.h"
#include "lib/Frontend/Onnx/NodeContext.h"
#include "lib/Frontend/Onnx/Reader.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace vescale::onnx {

std::vector<const ValueInfo *> realInputs(const Graph &graph) {
  llvm::StringSet<> initializers;
  for (const auto &initializer : graph.initializers)
    initializers.insert(initializer->name);
  std::vector<const ValueInfo *> result;
  for (const ValueInfo &input : graph.inputs)
    if (!initializers.contains(input.name))
      result.push_back(&input);
  return result;
}

LogicalResult Importer::bindDims(std::vector<RankedTensorType> &types) {
  llvm::SetVector<StringRef> unbound, used;
  bool ok = true;
  for (const ValueInfo *input : realInputs(model.graph)) {
    if (!input->isTensor || !input->hasShape) {
      error() << "input '" << input->name
              << (input->isTensor ? "' has no shape" : "' is not a tensor");
      ok = false;
      continue;
    }
    Type type = convertType(builder.getContext(), input->type);
    if (!type) {
      error() << "input '" << input->name << "' has the element type "
              << elementTypeName(input->type) << ", which is not supported";
      ok = false;
      continue;
    }
    Shape shape;
    for (auto [index, dim] : llvm::enumerate(input->dims)) {
      auto bound = options.dims.find(dim.parameter);
      if (dim.size < 0 && dim.parameter.empty()) {
        error() << "dimension " << index << " of input '" << input->name
                << "' has neither a size nor a name: export the model again "
                   "with names for its dynamic dimensions";
        ok = false;
        shape.push_back(1);
      } else if (dim.size < 0 && bound == options.dims.end()) {
        unbound.insert(dim.parameter);
        shape.push_back(1);
      } else {
        if (dim.size < 0)
          used.insert(dim.parameter);
        shape.push_back(dim.size < 0 ? bound->second : dim.size);
      }
    }
    std::optional<uint64_t> count = elementCount(shape);
    if (!count || *count > maxTensorBytes / 8) {
      error() << "input '" << input->name << "' would have the shape "
              << describeShape(shape) << ", too large for any machine";
      return failure();
    }
    types.push_back(RankedTensorType::get(shape, type));
  }
  if (!unbound.empty()) {
    auto diagnostic = error();
    diagnostic << "give a size to the dynamic dimension"
               << (unbound.size() > 1 ? "s" : "");
    for (StringRef name : unbound)
      diagnostic << " --dim=" << name << "=N";
    return failure();
  }
  for (const auto &entry : options.dims)
    if (!used.contains(entry.getKey())) {
      error() << "--dim=" << entry.getKey() << "=" << entry.second
              << ": no input has a dynamic dimension of this name";
      ok = false;
    }
  return success(ok);
}

} // namespace vescale::onnx
