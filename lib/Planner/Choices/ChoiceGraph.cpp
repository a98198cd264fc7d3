//===- ChoiceGraph.cpp - Nodes and edges with prices ------------*- C++ -*-===//

#include "vescale/Planner/ChoiceGraph.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cassert>

using namespace vescale::planner;

unsigned ChoiceGraph::addNode(llvm::ArrayRef<Price> choices) {
  assert(!choices.empty() && "a node has a choice");
  nodes.emplace_back(choices);
  return nodes.size() - 1;
}

void ChoiceGraph::addEdge(unsigned u, unsigned v,
                          llvm::ArrayRef<double> costs) {
  size_t ofU = nodes[u].size(), ofV = nodes[v].size();
  assert(u != v && costs.size() == ofU * ofV && "one cost for each pair");
  bool swaps = u > v;
  if (swaps)
    std::swap(u, v);
  auto [found, isNew] = edgeBetween.try_emplace({u, v}, edges.size());
  if (isNew)
    edges.push_back({u, v, std::vector<double>(costs.size(), 0.0)});
  std::vector<double> &sums = edges[found->second].costs;
  for (size_t i = 0; i < ofU; ++i)
    for (size_t j = 0; j < ofV; ++j)
      sums[swaps ? j * ofU + i : i * ofV + j] += costs[i * ofV + j];
}

ChoiceGraph ChoiceGraph::fix(unsigned node, unsigned choice) const {
  ChoiceGraph fixed;
  fixed.nodes = nodes;
  fixed.nodes[node] = {nodes[node][choice]};
  for (const Edge &edge : edges) {
    if (edge.u != node && edge.v != node) {
      fixed.addEdge(edge.u, edge.v, edge.costs);
      continue;
    }
    size_t columns = nodes[edge.v].size();
    bool isFirst = edge.u == node;
    for (auto [other, price] :
         llvm::enumerate(fixed.nodes[isFirst ? edge.v : edge.u]))
      price.cost += edge.costs[isFirst ? choice * columns + other
                                       : other * columns + choice];
  }
  return fixed;
}

Price ChoiceGraph::priceOf(llvm::ArrayRef<unsigned> choices) const {
  Price sum;
  for (auto [node, choice] : llvm::zip_equal(nodes, choices)) {
    const Price &price = node[choice];
    sum.cost += price.cost;
    sum.memory += price.memory;
    sum.transient = std::max(sum.transient, price.transient);
  }
  for (const Edge &edge : edges)
    sum.cost +=
        edge.costs[choices[edge.u] * nodes[edge.v].size() + choices[edge.v]];
  return sum;
}
