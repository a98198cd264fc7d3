//===- Control.cpp - Branches whose condition is known --------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"

using namespace mlir;

namespace vescale::onnx {
namespace {

LogicalResult importIf(NodeContext &n) {
  const Val &condition = n.in(0);
  const Constant *known = condition.constant();
  if (!known || !condition.isBool() || condition.size() != 1)
    return n.fail("the condition depends on the model's inputs' values; "
                  "programs branch only on what is known when the model is "
                  "compiled");
  n.ignore({"then_branch", "else_branch"});
  StringRef name = known->ints[0] ? "then_branch" : "else_branch";
  const Attribute *branch = n.attribute(name);
  if (!branch || !branch->graph)
    return n.fail("has no " + name);
  Location location = n.e.getLocation();
  FailureOr<std::vector<Val>> results =
      n.getImporter().importSubgraph(*branch->graph, n.getFrame());
  if (failed(results))
    return failure();
  n.e.setLocation(location);
  if (results->size() != n.numOutputs())
    return n.fail("the branch has " + Twine(results->size()) +
                  " results, the node " + Twine(n.numOutputs()) + " outputs");
  for (auto [index, value] : llvm::enumerate(*results))
    if (failed(n.set(index, value)))
      return failure();
  return success();
}

} // namespace

void addControlOps(OpRegistry &r) { r.add("If", 1, importIf); }

} // namespace vescale::onnx
