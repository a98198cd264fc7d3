//===- Order.h - An order in which few nodes stand open ---------*- C++ -*-===//
//
// Terms. A node is *open* from the step that takes it until its last neighbour
// is taken. A *state* is a choice of each open node: a number whose digits
// these choices are.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_PLANNER_CHOICES_ORDER_H
#define VESCALE_LIB_PLANNER_CHOICES_ORDER_H

#include "vescale/Planner/ChoiceGraph.h"

namespace vescale::planner {

struct Step {
  /// An edge to an open node: costs[its choice * own choices + own choice].
  struct Link {
    unsigned digit;
    std::vector<double> costs;
  };
  struct Digit {
    unsigned choices;
    size_t weight; ///< What one more adds to the state after; 0: it closes.
  };

  unsigned node, choices;
  size_t weight; ///< The same for the node's own choice.
  /// Of the state before, the last one runs fastest.
  llvm::SmallVector<Digit> digits;
  llvm::SmallVector<Link> links;
  size_t states = 1, statesAfter = 1;
};

struct Order {
  std::vector<Step> steps; ///< One for each node; none if that is too much.
  /// Of the step behind which the most states are open, the open node that has
  /// the most neighbours.
  unsigned widest = 0;
};

/// An order whose steps have no more than `most` states before them altogether,
/// if there is one. It begins with the nodes `first`.
Order orderSteps(const ChoiceGraph &graph, size_t most,
                 llvm::ArrayRef<unsigned> first = {});

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_CHOICES_ORDER_H
