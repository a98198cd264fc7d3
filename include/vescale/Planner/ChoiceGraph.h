//===- ChoiceGraph.h - The cheapest of all combinations ---------*- C++ -*-===//
//
// The combinatorial core of planning, free of models and machines: each node
// has choices, of which one is taken; a choice has a cost and takes memory, and
// an edge costs something for each pair of its nodes' choices.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PLANNER_CHOICEGRAPH_H
#define VESCALE_PLANNER_CHOICEGRAPH_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <limits>
#include <vector>

namespace vescale::planner {

/// What a choice takes.
struct Price {
  double cost = 0;       ///< Added up; infinite for what cannot be chosen.
  int64_t memory = 0;    ///< Bytes, added up.
  int64_t transient = 0; ///< Bytes, of which the most counts.
};

class ChoiceGraph {
public:
  /// Edges between two nodes, as one: costs[u's choice * choices of v + v's].
  struct Edge {
    unsigned u, v;
    std::vector<double> costs;
  };

  /// Takes one choice at least; returns the node's number.
  unsigned addNode(llvm::ArrayRef<Price> choices);
  /// Adds costs[u's choice * choices of v + v's choice] to each pair; infinite
  /// where the two exclude each other. u and v differ.
  void addEdge(unsigned u, unsigned v, llvm::ArrayRef<double> costs);

  /// The graph in which the node has but one of its choices, and no edges: what
  /// those cost then, its neighbours' choices do.
  ChoiceGraph fix(unsigned node, unsigned choice) const;

  size_t size() const { return nodes.size(); }
  llvm::ArrayRef<Price> getChoices(unsigned node) const { return nodes[node]; }
  llvm::ArrayRef<Edge> getEdges() const { return edges; }

  /// What a choice for each node takes together.
  Price priceOf(llvm::ArrayRef<unsigned> choices) const;

private:
  std::vector<llvm::SmallVector<Price>> nodes;
  std::vector<Edge> edges;
  llvm::DenseMap<std::pair<unsigned, unsigned>, unsigned> edgeBetween;
};

struct SearchLimits {
  /// The sum of memory and the largest transient are not more, in bytes.
  int64_t memory = std::numeric_limits<int64_t>::max();
  /// Only combinations that cost less are looked for.
  double cost = std::numeric_limits<double>::infinity();
  /// How many numbers a bound may hold; three are held at once.
  size_t states = size_t(1) << 25;
  /// How many partial combinations are looked at, at most. The search counts
  /// them alike on every host.
  int64_t work = std::numeric_limits<int64_t>::max();
};

struct Optimum {
  enum Status {
    Optimal,   ///< `cost` is that of the cheapest combination.
    Bounded,   ///< The work's limit came first; it is not below `lowerBound`.
    Infeasible ///< No combination fits, or none that costs less than asked for;
               ///< `memory` is what the smallest takes, if any cost would do.
  };
  Status status = Infeasible;
  /// One of each node; none if no combination was found.
  llvm::SmallVector<unsigned> choices;
  double cost = std::numeric_limits<double>::infinity();
  /// With the largest transient, in bytes.
  int64_t memory = std::numeric_limits<int64_t>::max();
  double lowerBound = -std::numeric_limits<double>::infinity();
  int64_t work = 0;
};

/// The cheapest combination within the limits. Exact: dynamic programming over
/// the open nodes of an order that keeps few of them open (as in bucket
/// elimination, Dechter 1999), with a multiplier on memory for bounds
/// (Everett 1963), and labels of (cost, memory) that the bounds cut (Handler
/// and Zang 1980). Where more is open at once than can be held, a node is fixed
/// to each of its choices in turn. Of combinations of one cost the same is
/// found on every host.
Optimum findCheapest(const ChoiceGraph &graph, const SearchLimits &limits);

} // namespace vescale::planner

#endif // VESCALE_PLANNER_CHOICEGRAPH_H
