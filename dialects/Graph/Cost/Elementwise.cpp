//===- Elementwise.cpp - Cost of elementwise ops ----------------*- C++ -*-===//
//
// The functions that hardware has no instruction for count as one operation
// too: the machine file knows how fast they are.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Cost/Cost.h"

using namespace vescale::graph;

VESCALE_COST_PER_ELEMENT(NegOp, 1)
VESCALE_COST_PER_ELEMENT(AbsOp, 1)
VESCALE_COST_PER_ELEMENT(SignOp, 1)
VESCALE_COST_PER_ELEMENT(ExpOp, 1)
VESCALE_COST_PER_ELEMENT(LogOp, 1)
VESCALE_COST_PER_ELEMENT(SqrtOp, 1)
VESCALE_COST_PER_ELEMENT(RsqrtOp, 2) // 1 / sqrt(x)
VESCALE_COST_PER_ELEMENT(ReciprocalOp, 1)
VESCALE_COST_PER_ELEMENT(TanhOp, 1)
VESCALE_COST_PER_ELEMENT(ErfOp, 1)
VESCALE_COST_PER_ELEMENT(SinOp, 1)
VESCALE_COST_PER_ELEMENT(CosOp, 1)
VESCALE_COST_PER_ELEMENT(SigmoidOp, 4) // 1 / (1 + exp(-x))
VESCALE_COST_PER_ELEMENT(FloorOp, 1)
VESCALE_COST_PER_ELEMENT(CeilOp, 1)
VESCALE_COST_PER_ELEMENT(RoundOp, 1)
VESCALE_COST_PER_ELEMENT(ReluOp, 1)
VESCALE_COST_PER_ELEMENT(SiluOp, 5) // x · sigmoid(x)
VESCALE_COST_PER_ELEMENT(NotOp, 1)
VESCALE_COST_PER_ELEMENT(IsNanOp, 1)
VESCALE_COST_PER_ELEMENT(CastOp, 1)
VESCALE_COST_PER_ELEMENT(AddOp, 1)
VESCALE_COST_PER_ELEMENT(SubOp, 1)
VESCALE_COST_PER_ELEMENT(MulOp, 1)
VESCALE_COST_PER_ELEMENT(DivOp, 1)
VESCALE_COST_PER_ELEMENT(RemOp, 1)
VESCALE_COST_PER_ELEMENT(PowOp, 1)
VESCALE_COST_PER_ELEMENT(MaxOp, 1)
VESCALE_COST_PER_ELEMENT(MinOp, 1)
VESCALE_COST_PER_ELEMENT(AndOp, 1)
VESCALE_COST_PER_ELEMENT(OrOp, 1)
VESCALE_COST_PER_ELEMENT(XorOp, 1)
VESCALE_COST_PER_ELEMENT(CompareOp, 1)
VESCALE_COST_PER_ELEMENT(SelectOp, 1)

/// x/2 · (1 + erf(x/√2)): 5 operations; the tanh form needs two products for
/// the cube, two for the constants and an addition more than x/√2 does: 9.
VESCALE_COST_PER_ELEMENT(GeluOp,
                         getApproximation() == GeluApproximation::None ? 5 : 9)
