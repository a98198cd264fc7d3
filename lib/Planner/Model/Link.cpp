//===- Link.cpp - What the copies of a segment may do ---------------------===//

#include "lib/Planner/Model/Link.h"
#include "lib/Planner/Choices/Bounds.h"
#include "llvm/ADT/STLExtras.h"

using namespace vescale;
using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The nodes of the values at the cuts, as far as there are any.
static llvm::SmallVector<unsigned, 2> endsOf(const SegmentGraph &graph) {
  llvm::SmallVector<unsigned, 2> ends;
  for (int end : {graph.in, graph.out})
    if (end >= 0)
      ends.push_back(end);
  return ends;
}

/// With what exchanges cost, which is the same at each price of memory.
static Order orderOf(const SegmentGraph &graph, Recompute mode,
                     int64_t microBatches) {
  ChoiceGraph choices;
  for (const SegmentNode &node : graph.nodes)
    choices.addNode(llvm::SmallVector<Price>(node.choices.size()));
  auto batches = static_cast<double>(microBatches);
  for (const SegmentEdge &edge : graph.edges) {
    std::vector<double> costs;
    for (auto [forward, backward] :
         llvm::zip_equal(edge.forward, edge.backward))
      costs.push_back(batches * (forwardTimes(mode) * forward + backward));
    choices.addEdge(edge.u, edge.v, costs);
  }
  return orderSteps(choices, size_t(1) << 24, endsOf(graph));
}

Link::Link(SegmentGraph segment, bool isLayer, int64_t microBatches)
    : graph(std::move(segment)), isLayer(isLayer),
      orders{orderOf(graph, Recompute::None, microBatches),
             orderOf(graph, Recompute::Full, microBatches)},
      known(size_t(ins()) * outs()) {
  for (const SegmentNode &node : graph.nodes) {
    int64_t least = std::numeric_limits<int64_t>::max();
    for (const Parts &parts : node.choices)
      least = std::min(least, parts.transient);
    smallestTransient = std::max(smallestTransient, least);
  }
}

bool Link::isTooWide() const {
  return orders[0].steps.size() < graph.nodes.size();
}

llvm::ArrayRef<Recompute> Link::modesOf(const Counting &counting) const {
  llvm::ArrayRef<Recompute> modes = counting.modes;
  return isLayer ? modes : modes.take_front();
}

Parts Link::partsOf(llvm::ArrayRef<unsigned> choices, Recompute mode) const {
  Parts sum;
  for (auto [number, node] : llvm::enumerate(graph.nodes))
    sum.add(recomputed(node.choices[choices[number]], mode,
                       static_cast<int>(number) == graph.in));
  Parts between = graph.total(choices);
  sum.exchange +=
      between.exchange + (forwardTimes(mode) - 1) * between.forwardExchange;
  sum.forwardExchange += between.forwardExchange;
  sum.sent += between.sent;
  return sum;
}

void Link::findCheapest(const Pricing &pricing) {
  for (Recompute mode : modesOf(pricing.counting)) {
    const std::vector<Step> &steps = orders[mode == Recompute::Full].steps;
    StepPrices prices;
    for (const Step &step : steps) {
      std::vector<double> &costs = prices.costs.emplace_back();
      for (const Parts &each : graph.nodes[step.node].choices) {
        Parts parts =
            recomputed(each, mode, static_cast<int>(step.node) == graph.in);
        costs.push_back(parts.transient > pricing.mostTransient
                            ? kInfinity
                            : pricing(parts));
      }
      prices.memory.emplace_back(costs.size(), 0);
    }
    Completions completions(steps, prices, Measure{});
    for (unsigned in = 0; in < ins(); ++in)
      for (unsigned out = 0; out < outs(); ++out) {
        llvm::SmallVector<unsigned, 2> ends;
        if (graph.in >= 0)
          ends.push_back(in);
        if (graph.out >= 0)
          ends.push_back(out);
        if (std::isinf(completions.totalWith(ends)))
          continue;
        LinkPlan plan{mode, llvm::SmallVector<unsigned>(steps.size()), {}};
        for (auto [step, choice] :
             llvm::zip_equal(steps, completions.trace(ends)))
          plan.choices[step.node] = choice;
        std::deque<LinkPlan> &plans = known[in * outs() + out];
        if (llvm::any_of(plans, [&](const LinkPlan &other) {
              return other.recompute == mode && other.choices == plan.choices;
            }))
          continue;
        plan.parts = partsOf(plan.choices, mode);
        plans.push_back(std::move(plan));
      }
  }
}

Link::Priced Link::cheapestKnown(unsigned in, unsigned out,
                                 const Pricing &pricing) const {
  Priced cheapest;
  llvm::ArrayRef<Recompute> modes = modesOf(pricing.counting);
  for (const LinkPlan &plan : known[in * outs() + out])
    if (llvm::is_contained(modes, plan.recompute) &&
        plan.parts.transient <= pricing.mostTransient)
      if (double cost = pricing(plan.parts); cost < cheapest.cost)
        cheapest = {cost, &plan};
  return cheapest;
}
