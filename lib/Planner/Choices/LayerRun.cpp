//===- LayerRun.cpp - Equal layers that follow each other -------*- C++ -*-===//
//
// A run is a walk through the choices; with memory at a price, the cheapest
// walks of all lengths are found by one pass over the pairs of choices for each
// layer. For any price that cost, less the price of the memory there is, is a
// bound (Everett 1963). The prices tried are those at which the cheapest choice
// of a layer on its own changes: without costs between layers they give the
// best bound that prices can.
//
//===----------------------------------------------------------------------===//
#include "vescale/Planner/LayerRun.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The numbers of the choices that no other is as good as in all and better in
/// one, or equal to and before: sorted by cost where nothing is between layers.
static std::vector<unsigned> undominated(llvm::ArrayRef<Price> choices) {
  std::vector<unsigned> kept;
  for (unsigned i = 0; i < choices.size(); ++i) {
    const Price &a = choices[i];
    bool isDominated = llvm::any_of(llvm::enumerate(choices), [&](auto entry) {
      const Price &b = entry.value();
      if (entry.index() == i || b.cost > a.cost || b.memory > a.memory ||
          b.transient > a.transient)
        return false;
      return b.cost < a.cost || b.memory < a.memory ||
             b.transient < a.transient || entry.index() < i;
    });
    if (!isDominated && std::isfinite(a.cost))
      kept.push_back(i);
  }
  return kept;
}

LayerRun::LayerRun(llvm::ArrayRef<Price> choices,
                   llvm::ArrayRef<double> allBetween, unsigned most)
    : most(most) {
  if (allBetween.empty()) {
    kept = undominated(choices);
  } else {
    kept.resize(choices.size());
    std::iota(kept.begin(), kept.end(), 0);
  }
  for (unsigned choice : kept)
    prices.push_back(choices[choice]);
  between.assign(allBetween.begin(), allBetween.end());

  std::vector<double> memory;
  for (const Price &price : prices)
    memory.push_back(std::isfinite(price.cost)
                         ? static_cast<double>(price.memory)
                         : kInfinity);
  leastMemory = leastOf(memory, 0);

  // Down the lower hull of (memory, cost), from the cheapest choice.
  addMultiplier(0);
  std::vector<const Price *> order;
  for (const Price &price : prices)
    if (std::isfinite(price.cost))
      order.push_back(&price);
  auto cheaper = [](const Price *a, const Price *b) {
    return std::tie(a->cost, a->memory) < std::tie(b->cost, b->memory);
  };
  if (order.empty())
    return;
  const Price *at = *llvm::min_element(order, cheaper);
  while (true) {
    const Price *next = nullptr;
    double least = kInfinity;
    for (const Price *to : order) {
      if (to->memory >= at->memory)
        continue;
      double slope =
          (to->cost - at->cost) / static_cast<double>(at->memory - to->memory);
      if (slope < least || (slope == least && to->memory < next->memory)) {
        least = slope;
        next = to;
      }
    }
    if (!next)
      break;
    addMultiplier(least);
    at = next;
  }
}

/// The least sum over walks, by number of layers, of what each layer's choice
/// costs and of `perCost` times what is between.
std::vector<double> LayerRun::leastOf(llvm::ArrayRef<double> each,
                                      double perCost) const {
  std::vector<double> least(most + 1, kInfinity);
  least[0] = 0;
  if (each.empty())
    return least;
  if (between.empty()) {
    double one = *llvm::min_element(each);
    for (unsigned layers = 1; layers <= most; ++layers)
      least[layers] = layers * one;
    return least;
  }
  std::vector<double> ending(each.begin(), each.end()), next(each.size());
  for (unsigned layers = 1; layers <= most; ++layers) {
    least[layers] = *llvm::min_element(ending);
    for (size_t to = 0; to < each.size(); ++to) {
      double best = kInfinity;
      for (size_t from = 0; from < each.size(); ++from) {
        double way = between[from * each.size() + to];
        if (std::isfinite(way))
          best = std::min(best, ending[from] + perCost * way);
      }
      next[to] = best + each[to];
    }
    ending.swap(next);
  }
  return least;
}

void LayerRun::addMultiplier(double multiplier) {
  std::vector<double> costs;
  for (const Price &price : prices)
    costs.push_back(price.cost +
                    multiplier * static_cast<double>(price.memory));
  duals.push_back({multiplier, leastOf(costs, 1)});
}

double LayerRun::bound(unsigned layers, int64_t memory) const {
  if (leastMemory[layers] > static_cast<double>(memory))
    return kInfinity;
  double bound = -kInfinity;
  for (const Dual &dual : duals)
    bound = std::max(bound, dual.least[layers] -
                                dual.multiplier * static_cast<double>(memory));
  return bound;
}

Optimum LayerRun::findCheapest(unsigned layers,
                               const SearchLimits &limits) const {
  Optimum none;
  if (prices.empty())
    return none;
  ChoiceGraph graph;
  for (unsigned layer = 0; layer < layers; ++layer) {
    graph.addNode(prices);
    if (layer > 0 && !between.empty())
      graph.addEdge(layer - 1, layer, between);
  }
  Optimum optimum = planner::findCheapest(graph, limits);
  for (unsigned &choice : optimum.choices)
    choice = kept[choice];
  return optimum;
}
