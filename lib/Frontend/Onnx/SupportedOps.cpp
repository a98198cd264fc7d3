//===- SupportedOps.cpp - Which ops of a model can be imported ------------===//
//
// An op is imported by, in this order, a function of the model, an importer of
// ours, the body that the standard gives it. What has none of them is listed
// before anything is imported.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/Importer.h"
#include "lib/Frontend/Onnx/StandardFunctions.h"

using namespace mlir;

namespace vescale::onnx {

NodeMeaning Importer::findMeaning(const Node &node,
                                  const OpsetImports &opsets) const {
  auto own = model.functions.find({node.domain, node.opType, node.overload});
  if (own != model.functions.end())
    return {&own->second, nullptr};
  int64_t opset = opsets.find(node.domain)->second;
  if (!node.overload.empty())
    return {};
  if (const OpEntry *entry =
          OpRegistry::get().find(node.domain, node.opType, opset))
    return {nullptr, entry};
  return {findStandardFunction(node.domain, node.opType, opset), nullptr};
}

std::string describeOp(const Node &node, const OpsetImports &opsets) {
  return node.opType + " (domain " +
         (node.domain.empty() ? "ai.onnx" : node.domain) + ", opset " +
         std::to_string(opsets.find(node.domain)->second) + ")";
}

LogicalResult Importer::checkOps() {
  constexpr size_t maxListed = 50;
  struct Missing {
    std::string example;
    size_t count = 0;
  };
  std::map<std::string, Missing> missing;
  // Bodies of the standard consist of what can be imported.
  auto check = [&](ArrayRef<Node> nodes, const OpsetImports &opsets) {
    for (auto [index, node] : llvm::enumerate(nodes)) {
      NodeMeaning meaning = findMeaning(node, opsets);
      if (meaning.function || meaning.entry)
        continue;
      Missing &entry = missing[describeOp(node, opsets)];
      if (entry.count++ == 0)
        entry.example = describeNode(node, index);
    }
  };
  check(model.graph.nodes, model.opsets);
  for (const auto &[key, function] : model.functions)
    check(function.nodes, function.opsets);
  size_t listed = 0;
  for (const auto &[op, entry] : missing) {
    if (listed++ == maxListed) {
      error() << "and " << missing.size() - maxListed << " more ops";
      break;
    }
    auto diagnostic = error();
    diagnostic << "op " << op << " is not supported: " << entry.example;
    if (entry.count > 1)
      diagnostic << " and " << entry.count - 1 << " more";
  }
  return success(missing.empty());
}

} // namespace vescale::onnx
