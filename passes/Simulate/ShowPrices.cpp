//===- ShowPrices.cpp - What the planner weighs ---------------------------===//

#include "lib/Planner/Model/Pins.h"
#include "lib/Planner/Model/SegmentGraph.h"
#include "passes/Simulate/Passes.h"
#include "vescale/CostModel/Machine.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::planner;
using llvm::formatv;

namespace vescale {
#define GEN_PASS_DEF_SHOWPRICES
#include "passes/Simulate/Passes.h.inc"
} // namespace vescale

static std::string textOf(const Parts &parts) {
  std::string text = formatv("forward {0:f3} us", parts.forward);
  llvm::raw_string_ostream os(text);
  auto time = [&](StringRef what, double us) {
    if (us != 0)
      os << formatv(", {0} {1:f3} us", what, us);
  };
  auto bytes = [&](StringRef what, int64_t size) {
    if (size != 0)
      os << ", " << what << " " << size;
  };
  time("backward", parts.backward);
  time("sum over tp", parts.modelSum.us);
  time("sum over dp", parts.sum.us);
  time("scatter", parts.scatter.us);
  time("gather", parts.gather.us);
  time("update", parts.update);
  os << "; bytes: transient " << parts.transient;
  bytes("parameters", parts.parameters);
  bytes("gradients", parts.gradients);
  bytes("state", parts.state);
  bytes("saved", parts.saved);
  return text;
}

namespace {
struct ShowPrices : vescale::impl::ShowPricesBase<ShowPrices> {
  using ShowPricesBase::ShowPricesBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    llvm::Expected<Machine> machine = Machine::read(cluster);
    if (!machine) {
      func.emitError(llvm::toString(machine.takeError()));
      return signalPassFailure();
    }
    if (dp < 1 || tp < 1 || dp * tp != machine->devices) {
      func.emitError() << "dp * tp is not the machine's " << machine->devices
                       << " devices";
      return signalPassFailure();
    }
    Program program(func);
    StageMesh mesh(&getContext(), /*microBatches=*/1, dp, tp);
    Derivatives derivatives(&getContext());
    ReshardPlans plans;
    std::optional<TrainingCosts> training;
    if (trains)
      training.emplace();
    SegmentBuilder builder(program, *machine, mesh, derivatives, plans,
                           training);
    for (const Segment &segment : program.segments())
      show(builder.build(segment));
    if (derivatives.anyMissing())
      signalPassFailure();
  }

  /// A node's choices as people read them.
  static std::vector<std::string> choicesOf(const SegmentNode &node) {
    std::vector<std::string> texts;
    for (const Strategy &strategy : node.strategies)
      texts.push_back(printLayout(strategy.results.front()));
    for (auto [number, layout] : llvm::enumerate(node.layouts)) {
      bool isPartial =
          number < node.partialGradient.size() && node.partialGradient[number];
      texts.push_back("for all " + printLayout(layout) +
                      (isPartial ? " with a partial gradient" : ""));
    }
    return texts;
  }

  static Operation *holderOf(const SegmentNode &node) {
    return node.op ? node.op : node.value.getDefiningOp();
  }

  void append(Operation *op, StringRef name, const Twine &text) {
    Builder builder(&getContext());
    SmallVector<Attribute> texts;
    if (auto there = op->getAttrOfType<ArrayAttr>(name))
      llvm::append_range(texts, there);
    texts.push_back(builder.getStringAttr(text));
    op->setAttr(name, builder.getArrayAttr(texts));
  }

  /// Those of a segment's first copy, on its ops. What stands before it shows
  /// its own.
  void show(const SegmentGraph &graph) {
    for (auto [number, node] : llvm::enumerate(graph.nodes))
      if (static_cast<int>(number) != graph.in)
        for (auto [choice, parts] :
             llvm::zip_equal(choicesOf(node), node.choices))
          append(holderOf(node), "prices", choice + ": " + textOf(parts));
    for (const SegmentEdge &edge : graph.edges) {
      const SegmentNode &to = graph.nodes[edge.v];
      std::vector<std::string> made = choicesOf(graph.nodes[edge.u]),
                               taken = choicesOf(to);
      for (auto [a, from] : llvm::enumerate(made))
        for (auto [b, choice] : llvm::enumerate(taken)) {
          size_t at = a * taken.size() + b;
          if (std::isinf(edge.forward[at]))
            append(holderOf(to), "moves", from + " to " + choice + ": never");
          else if (edge.forward[at] != 0 || edge.backward[at] != 0)
            append(holderOf(to), "moves",
                   formatv("{0} to {1}: forward {2:f3} us, backward {3:f3} us, "
                           "sent {4}",
                           from, choice, edge.forward[at], edge.backward[at],
                           edge.sent[at])
                       .str());
        }
    }
  }
};
} // namespace
