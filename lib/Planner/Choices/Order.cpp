//===- Order.cpp - An order in which few nodes stand open -------*- C++ -*-===//
//
// Greedy: the next node is the one behind which the fewest states are open, of
// those the one with the lowest number. The graph's own order is tried as well,
// since models come in a good one; that whose steps look at fewer combinations
// is taken.
//
//===----------------------------------------------------------------------===//
#include "lib/Planner/Choices/Order.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace vescale::planner;

namespace {
class Orderer {
public:
  explicit Orderer(const ChoiceGraph &graph)
      : graph(graph), neighbours(graph.size()) {
    for (const ChoiceGraph::Edge &edge : graph.getEdges()) {
      neighbours[edge.u].push_back({edge.v, &edge});
      neighbours[edge.v].push_back({edge.u, &edge});
    }
  }

  std::vector<unsigned> orderGreedily(llvm::ArrayRef<unsigned> first) const;
  /// How many combinations an order's steps look at.
  double workOf(llvm::ArrayRef<unsigned> order) const;
  Order makeSteps(llvm::ArrayRef<unsigned> order, size_t most) const;

private:
  std::vector<double> rowsOf(const ChoiceGraph::Edge &edge,
                             unsigned node) const;
  double logChoices(unsigned node) const {
    return std::log(static_cast<double>(graph.getChoices(node).size()));
  }
  /// For each node how many neighbours are not taken yet.
  std::vector<unsigned> degrees() const {
    std::vector<unsigned> degrees;
    for (const auto &list : neighbours)
      degrees.push_back(list.size());
    return degrees;
  }

  struct Neighbour {
    unsigned node;
    const ChoiceGraph::Edge *edge;
  };

  const ChoiceGraph &graph;
  std::vector<llvm::SmallVector<Neighbour>> neighbours;
};
} // namespace

std::vector<unsigned>
Orderer::orderGreedily(llvm::ArrayRef<unsigned> first) const {
  std::vector<unsigned> order, waiting = degrees();
  std::vector<bool> taken(graph.size());
  // Nodes beside open ones, or all where nothing is open.
  std::vector<unsigned> candidates;
  std::vector<bool> isCandidate(graph.size());
  unsigned next = 0;
  while (order.size() < graph.size()) {
    llvm::erase_if(candidates, [&](unsigned node) { return taken[node]; });
    if (order.size() < first.size())
      candidates.push_back(first[order.size()]);
    if (candidates.empty()) {
      while (taken[next])
        ++next;
      candidates.push_back(next);
    }
    unsigned best = candidates.back();
    double bestGrowth = std::numeric_limits<double>::infinity();
    for (unsigned node : candidates) {
      if (order.size() < first.size())
        break; // it is said
      double growth = waiting[node] ? logChoices(node) : 0;
      for (auto [other, edge] : neighbours[node])
        if (taken[other] && waiting[other] == 1)
          growth -= logChoices(other);
      if (growth < bestGrowth || (growth == bestGrowth && node < best)) {
        best = node;
        bestGrowth = growth;
      }
    }
    taken[best] = true;
    order.push_back(best);
    for (auto [other, edge] : neighbours[best]) {
      --waiting[other];
      if (!taken[other] && !isCandidate[other]) {
        isCandidate[other] = true;
        candidates.push_back(other);
      }
    }
  }
  return order;
}

double Orderer::workOf(llvm::ArrayRef<unsigned> order) const {
  std::vector<unsigned> waiting = degrees();
  std::vector<bool> taken(graph.size());
  double open = 0, work = 0; // of `open` the logarithm
  for (unsigned node : order) {
    work += std::exp(open + logChoices(node));
    taken[node] = true;
    if (waiting[node])
      open += logChoices(node);
    for (auto [other, edge] : neighbours[node]) {
      if (--waiting[other] == 0 && taken[other])
        open -= logChoices(other);
    }
  }
  return work;
}

/// The edge's costs, in rows for the choices of `node`.
std::vector<double> Orderer::rowsOf(const ChoiceGraph::Edge &edge,
                                    unsigned node) const {
  if (edge.u == node)
    return edge.costs;
  size_t columns = graph.getChoices(edge.u).size(),
         rows = graph.getChoices(node).size();
  std::vector<double> costs(edge.costs.size());
  for (size_t row = 0; row < rows; ++row)
    for (size_t column = 0; column < columns; ++column)
      costs[row * columns + column] = edge.costs[column * rows + row];
  return costs;
}

Order Orderer::makeSteps(llvm::ArrayRef<unsigned> order, size_t most) const {
  std::vector<unsigned> place(graph.size());
  for (auto [at, node] : llvm::enumerate(order))
    place[node] = at;
  std::vector<unsigned> last(graph.size());
  for (unsigned node = 0; node < graph.size(); ++node) {
    last[node] = place[node];
    for (auto [other, edge] : neighbours[node])
      last[node] = std::max(last[node], place[other]);
  }
  Order made;
  std::vector<Step> &steps = made.steps;
  std::vector<size_t> weights(graph.size(), 0);
  size_t total = 0, widest = 1;
  llvm::SmallVector<unsigned> open;
  for (auto [at, node] : llvm::enumerate(order)) {
    if (total > most)
      break;
    Step &step = steps.emplace_back();
    step.node = node;
    step.choices = graph.getChoices(node).size();
    step.states = at ? steps[at - 1].statesAfter : 1;
    llvm::SmallVector<unsigned> after;
    for (unsigned other : open)
      if (last[other] > at)
        after.push_back(other);
    if (last[node] > at)
      after.push_back(node);
    // The last digit runs fastest; nodes that close have no weight.
    for (unsigned other : open)
      weights[other] = 0;
    for (unsigned other : llvm::reverse(after)) {
      weights[other] = step.statesAfter;
      if (step.statesAfter <= most) // else it is too much, and may overflow
        step.statesAfter *= graph.getChoices(other).size();
    }
    step.weight = weights[node];
    if (step.statesAfter > widest) {
      widest = step.statesAfter;
      made.widest = *llvm::max_element(after, [&](unsigned a, unsigned b) {
        return neighbours[a].size() < neighbours[b].size();
      });
    }
    total += step.statesAfter;
    for (unsigned other : open)
      step.digits.push_back(
          {static_cast<unsigned>(graph.getChoices(other).size()),
           weights[other]});
    for (auto [other, edge] : neighbours[node])
      if (const unsigned *found = llvm::find(open, other); found != open.end())
        step.links.push_back({static_cast<unsigned>(found - open.begin()),
                              rowsOf(*edge, other)});
    open = std::move(after);
  }
  if (total > most)
    steps.clear();
  return made;
}

Order vescale::planner::orderSteps(const ChoiceGraph &graph, size_t most,
                                   llvm::ArrayRef<unsigned> first) {
  Orderer orderer(graph);
  std::vector<unsigned> own(first.begin(), first.end());
  for (unsigned node = 0; node < graph.size(); ++node)
    if (!llvm::is_contained(first, node))
      own.push_back(node);
  std::vector<unsigned> greedy = orderer.orderGreedily(first);
  return orderer.makeSteps(
      orderer.workOf(greedy) < orderer.workOf(own) ? greedy : own, most);
}
