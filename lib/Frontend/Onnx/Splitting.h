//===- Splitting.h - Cutting a tensor along a dimension ---------*- C++ -*-===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_SPLITTING_H
#define VESCALE_LIB_FRONTEND_ONNX_SPLITTING_H

#include "lib/Frontend/Onnx/NodeContext.h"

namespace vescale::onnx {

/// Sizes of the parts that a dimension of `size` is cut into: the elements of
/// `given`, or `parts` chunks of equal size, of which the last may be smaller.
FailureOr<Shape> splitSizes(NodeContext &n, int64_t size, const Val &given,
                            std::optional<int64_t> parts);

std::vector<Val> split(Emitter &e, const Val &x, int64_t dim, ShapeRef sizes);

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_SPLITTING_H
