//===- Reduce.h - The reductions' elements ----------------------*- C++ -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_EVALUATE_REDUCE_H
#define VESCALE_DIALECTS_GRAPH_EVALUATE_REDUCE_H

#include "dialects/Graph/Graph.h"

namespace vescale::graph {

/// What the reduction of no elements is.
Element neutral(Reduction kind, const Elements &e);
Element combine(Reduction kind, const Elements &e, Element x, Element y);

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_EVALUATE_REDUCE_H
