//===- UnnamedWeights.cpp - Weights under no name of the author's -*- C++
//-*-===//

#include "dialects/Graph/UnnamedWeights.h"
#include "dialects/Graph/Graph.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

std::optional<SmallVector<StringRef>> graph::unnamedWeights(Operation *module) {
  auto listed = module->getAttrOfType<ArrayAttr>(kUnnamedAttr);
  if (!listed)
    return std::nullopt;
  SmallVector<StringRef> names;
  for (Attribute name : listed)
    if (auto text = dyn_cast<StringAttr>(name))
      names.push_back(text);
  return names;
}

LogicalResult graph::checkAllNamed(Operation *module, const Twine &what) {
  SmallVector<StringRef> unnamed;
  if (auto listed = unnamedWeights(module)) {
    unnamed = std::move(*listed);
  } else {
    module->walk([&](ParameterOp op) {
      if (op.getSource() && !op.getAuthor())
        unnamed.push_back(op.getName());
    });
  }
  if (unnamed.empty())
    return success();
  constexpr size_t maxListed = 5;
  InFlightDiagnostic error = emitError(module->getLoc());
  error << what
        << ": the exporter left tensors in the model that may hold weights, "
           "but under no name of the model's: ";
  llvm::interleaveComma(ArrayRef(unnamed).take_front(maxListed), error,
                        [&](StringRef name) { error << "'" << name << "'"; });
  if (unnamed.size() > maxListed)
    error << " and " << unnamed.size() - maxListed << " more";
  return error << "; export it with optimize=False";
}
