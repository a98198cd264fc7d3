//===- Leaf.cpp - Parameters, constants and indices -------------*- C++ -*-===//
//
// They have no operands, so nothing flows through them.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Gradient/Term.h"

using namespace vescale::graph;

VESCALE_NO_GRADIENT(ParameterOp)
VESCALE_NO_GRADIENT(ConstantOp)
VESCALE_NO_GRADIENT(IotaOp)
