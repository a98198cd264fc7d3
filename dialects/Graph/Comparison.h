//===- Comparison.h - What graph.compare asks -------------------*- C++ -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_COMPARISON_H
#define VESCALE_DIALECTS_GRAPH_COMPARISON_H

#include "dialects/Graph/Graph.h"

namespace vescale::graph {

/// Whether x and y compare like this; of NaN only Ne holds.
template <typename T> bool holds(Comparison comparison, T x, T y) {
  switch (comparison) {
  case Comparison::Eq:
    return x == y;
  case Comparison::Ne:
    return x != y;
  case Comparison::Lt:
    return x < y;
  case Comparison::Le:
    return x <= y;
  case Comparison::Gt:
    return x > y;
  case Comparison::Ge:
    return x >= y;
  }
  llvm_unreachable("all comparisons are listed");
}

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_COMPARISON_H
