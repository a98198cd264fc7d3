//===- Explain.cpp - Why a tensor is laid out as it is --------------------===//

#include "vescale/Planner/Explain.h"
#include "dialects/Graph/Graph.h"
#include "lib/Planner/Model/Pins.h"
#include "lib/Planner/Model/Program.h"
#include "vescale/Support/Location.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/GlobPattern.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;
using namespace vescale::planner;

namespace {
class Explainer {
public:
  Explainer(func::FuncOp forward, const Machine &machine,
            const PlanRequest &request, const Candidate &plan)
      : forward(forward), machine(machine), request(request),
        mesh(forward.getContext(), plan.point.microBatches, plan.point.dp,
             plan.point.tp),
        samples(forward) {
    samples.visitAll();
    PlanPins &pins = this->request.pins;
    pins.pp = plan.point.pp;
    pins.dp = plan.point.dp;
    pins.tp = plan.point.tp;
    pins.microBatches = plan.point.microBatches;
    if (request.training) {
      pins.zero = plan.point.zero;
      pins.recompute = plan.point.recompute;
    }
    this->request.within = 0;
    this->request.findsRejected = false;
  }

  FailureOr<Explanation> run(StringRef name) {
    if (mlir::failed(findOps(name)))
      return failure();
    llvm::scope_exit restore([&] { pin({}); });
    Explanation explanation;
    for (LayoutAttr layout :
         possibleLayouts(ops.front()->getResult(0), mesh, samples)) {
      pin(SeedAttr::get(forward.getContext(), layout, /*priority=*/0,
                        /*pinned=*/true, "--explain"));
      Explanation::Alternative &alternative =
          explanation.alternatives.emplace_back();
      alternative.layout = printLayout(layout);
      if (std::optional<Candidate> plan = best(request)) {
        alternative.exists = alternative.fits = true;
        alternative.step = plan->time.step;
        alternative.memory = plan->memory.total();
      }
      PlanRequest roomy = request;
      roomy.memoryBytes = std::numeric_limits<int64_t>::max() / 2;
      std::optional<Candidate> plan = best(roomy);
      if (!plan)
        continue;
      if (!alternative.fits) {
        alternative.exists = true;
        alternative.step = plan->time.step;
        alternative.memory = plan->memory.total();
      }
      if (plan->time.step < leastRoomy) {
        leastRoomy = plan->time.step;
        explanation.withoutLimit = alternative.layout;
      }
    }
    auto key = [](const Explanation::Alternative &each) {
      return std::tuple(!each.fits, !each.exists, each.step, each.layout);
    };
    llvm::sort(explanation.alternatives,
               [&](const auto &a, const auto &b) { return key(a) < key(b); });
    if (!explanation.alternatives.empty())
      explanation.layout = explanation.alternatives.front().layout;
    return explanation;
  }

private:
  /// The parameters of this name, or else the nodes.
  LogicalResult findOps(StringRef name) {
    llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(name);
    if (!glob)
      return forward.emitError()
             << "'" << name
             << "' is no pattern: " << llvm::toString(glob.takeError());
    SmallVector<Operation *> nodes;
    forward.walk([&](Operation *op) {
      if (auto parameter = dyn_cast<graph::ParameterOp>(op)) {
        if (glob->match(parameter.getName()))
          ops.push_back(op);
      } else if (isa<ShardableOpInterface>(op) && !isLeaf(op) &&
                 llvm::any_of(nodeNames(op->getLoc()), [&](StringRef node) {
                   return glob->match(node);
                 })) {
        nodes.push_back(op);
      }
    });
    if (ops.empty() && !nodes.empty())
      // A node that became several ops ends in the last of them.
      ops = {nodes.back()};
    if (ops.empty())
      return forward.emitError()
             << "no parameter and no node has the name '" << name << "'";
    llvm::erase_if(ops, [&](Operation *op) {
      return op->getResult(0).getType() != ops.front()->getResult(0).getType();
    });
    before = llvm::map_to_vector(
        ops, [](Operation *op) { return op->getAttr(kSeedAttr); });
    return success();
  }

  /// Pins all of them, or puts back what was there.
  void pin(SeedAttr seed) {
    for (auto [op, old] : llvm::zip_equal(ops, before))
      if (Attribute attribute = seed ? Attribute(seed) : old)
        op->setAttr(kSeedAttr, attribute);
      else
        op->removeAttr(kSeedAttr);
  }

  std::optional<Candidate> best(const PlanRequest &request) {
    // That a layout is impossible is an answer here.
    ScopedDiagnosticHandler quiet(forward.getContext(),
                                  [](Diagnostic &) { return success(); });
    FailureOr<PlanResult> result = makePlan(forward, machine, request);
    if (mlir::failed(result) || !result->best())
      return std::nullopt;
    return std::move(result->candidates.front());
  }

  func::FuncOp forward;
  const Machine &machine;
  PlanRequest request;
  StageMesh mesh;
  graph::SampleDims samples;
  SmallVector<Operation *> ops;
  SmallVector<Attribute> before;
  double leastRoomy = std::numeric_limits<double>::infinity();
};
} // namespace

FailureOr<Explanation>
vescale::planner::explainLayout(func::FuncOp forward, const Machine &machine,
                                const PlanRequest &request,
                                const Candidate &plan, StringRef name) {
  return Explainer(forward, machine, request, plan).run(name);
}
