//===- GraphOps.td - All ops of the graph dialect --------------*- tablegen -*-===//

include "dialects/Graph/LeafOps.td"
include "dialects/Graph/ElementwiseOps.td"
include "dialects/Graph/ShapeOps.td"
include "dialects/Graph/ReductionOps.td"
include "dialects/Graph/IndexingOps.td"
include "dialects/Graph/ContractionOps.td"
include "dialects/Graph/NormalizationOps.td"
include "dialects/Graph/AttentionOps.td"
include "dialects/Graph/RandomOps.td"
