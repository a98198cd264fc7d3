//===- Resize.cpp - Resampling by factors known at compile time -----------===//
//
// Each dimension is resampled alone. Its scale is known, so where each element
// of the result comes from is too:
//
//   1. nearest: a read at constant positions;
//   2. linear and cubic: a product with a constant matrix, whose row is the
//      weights of the operand's elements in one element of the result.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include <cmath>

using namespace mlir;

namespace vescale::onnx {
namespace {

/// Elements of one dimension's matrix.
constexpr int64_t maxWeights = int64_t(1) << 24;

/// How one dimension is resampled.
struct Axis {
  int64_t dim, size;
  double scale;
  int64_t result;
};

class Resizer {
public:
  explicit Resizer(NodeContext &n) : n(n), e(n.e) {}

  LogicalResult run();

private:
  LogicalResult readOptions();
  FailureOr<SmallVector<Axis>> readAxes();
  FailureOr<SmallVector<double>> readScales(size_t count);
  double position(const Axis &axis, int64_t index) const;
  int64_t nearest(double position) const;
  double kernel(double distance) const;
  FailureOr<Val> weights(const Axis &axis);

  NodeContext &n;
  Emitter &e;
  std::string mode, coordinates, rounding;
  double cubic = 0;
  bool antialias = false, dropOutside = false;
};

LogicalResult Resizer::readOptions() {
  mode = n.string("mode", "nearest");
  coordinates = n.string("coordinate_transformation_mode", "half_pixel");
  rounding = n.string("nearest_mode", "round_prefer_floor");
  cubic = n.number("cubic_coeff_a", -0.75);
  antialias = n.integer("antialias", 0) != 0;
  dropOutside = n.integer("exclude_outside", 0) != 0;
  n.ignore({"extrapolation_value"}); // Of tf_crop_and_resize.
  auto check = [&](StringRef what, StringRef given,
                   ArrayRef<StringRef> known) -> LogicalResult {
    if (llvm::is_contained(known, given))
      return success();
    return n.fail(what + " '" + given + "' is not supported");
  };
  if (failed(check("mode", mode, {"nearest", "linear", "cubic"})) ||
      failed(check("coordinate_transformation_mode", coordinates,
                   {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
                    "align_corners", "asymmetric"})) ||
      failed(
          check("nearest_mode", rounding,
                {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"})))
    return failure();
  if (mode != "nearest" && !n.in(0).isFloat())
    return n.fail("mode '" + mode + "' needs an operand of floats");
  return success();
}

/// The scales, if they are given.
FailureOr<SmallVector<double>> Resizer::readScales(size_t count) {
  Val given = n.knownInput(2);
  const Constant *scales = given.constant();
  if (!scales)
    return n.fail("the scales must be known when the model is compiled");
  SmallVector<double> result;
  for (int64_t i = 0; i < scales->size(); ++i)
    result.push_back(scales->number(i));
  if (result.size() != count)
    return n.fail(Twine(result.size()) + " scales are given for " +
                  Twine(count) + " dimensions");
  for (double scale : result)
    if (!(scale > 0 && scale < 1e6))
      return n.fail("a scale is not between 0 and 1000000");
  return result;
}

FailureOr<SmallVector<Axis>> Resizer::readAxes() {
  const Val &x = n.in(0);
  Shape dims;
  for (int64_t dim = 0; dim < x.rank(); ++dim)
    dims.push_back(dim);
  if (std::optional<Shape> given = n.integers("axes")) {
    dims.clear();
    for (int64_t entry : *given) {
      FailureOr<int64_t> dim = n.axis(entry, x.rank());
      if (failed(dim))
        return failure();
      dims.push_back(*dim);
    }
  }
  std::string policy = n.string("keep_aspect_ratio_policy", "stretch");
  bool bySizes = !n.in(3).absent() && n.in(3).size() > 0;
  SmallVector<Axis> axes;
  if (!bySizes) {
    if (n.in(2).absent())
      return n.fail("neither scales nor sizes are given");
    FailureOr<SmallVector<double>> scales = readScales(dims.size());
    if (failed(scales))
      return failure();
    for (auto [dim, scale] : llvm::zip(dims, *scales))
      axes.push_back({dim, x.dim(dim), scale,
                      int64_t(std::floor(double(x.dim(dim)) * scale))});
    return axes;
  }
  FailureOr<Shape> sizes = n.known(3, "the list of sizes");
  if (failed(sizes))
    return failure();
  if (sizes->size() != dims.size())
    return n.fail(Twine(sizes->size()) + " sizes are given for " +
                  Twine(dims.size()) + " dimensions");
  if (policy != "stretch" && policy != "not_larger" && policy != "not_smaller")
    return n.fail("keep_aspect_ratio_policy '" + policy + "' is not supported");
  double common = policy == "not_larger" ? INFINITY : 0;
  for (auto [dim, size] : llvm::zip(dims, *sizes)) {
    if (size < 0 || (x.dim(dim) == 0 && size != 0))
      return n.fail("dimension " + Twine(dim) + " of " +
                    describeShape(x.shape()) + " can't be made " + Twine(size));
    double scale = x.dim(dim) == 0 ? 1 : double(size) / double(x.dim(dim));
    common = policy == "not_larger" ? std::min(common, scale)
                                    : std::max(common, scale);
    axes.push_back({dim, x.dim(dim), scale, size});
  }
  if (policy != "stretch")
    for (Axis &axis : axes) {
      axis.scale = common;
      axis.result = std::llround(common * double(axis.size));
    }
  return axes;
}

/// Where in the operand element `index` of the result lies.
double Resizer::position(const Axis &axis, int64_t index) const {
  double i = double(index), centre = (i + 0.5) / axis.scale - 0.5;
  double exact = axis.scale * double(axis.size);
  if (coordinates == "align_corners")
    return exact == 1 ? 0 : i * double(axis.size - 1) / (exact - 1);
  if (coordinates == "asymmetric")
    return i / axis.scale;
  if (coordinates == "pytorch_half_pixel" && axis.result == 1)
    return 0;
  if (coordinates == "half_pixel_symmetric")
    return double(axis.size) / 2 * (1 - double(axis.result) / exact) + centre;
  return centre;
}

int64_t Resizer::nearest(double position) const {
  if (rounding == "floor")
    return int64_t(std::floor(position));
  if (rounding == "ceil")
    return int64_t(std::ceil(position));
  if (rounding == "round_prefer_floor")
    return int64_t(std::ceil(position - 0.5));
  return int64_t(std::floor(position + 0.5));
}

/// The weight of an element at this distance; 0 from 1 (linear) or 2 on.
double Resizer::kernel(double distance) const {
  double d = std::abs(distance), a = cubic;
  if (mode == "linear")
    return std::max(1 - d, 0.0);
  if (d < 1)
    return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? a * (((d - 5) * d + 8) * d - 4) : 0;
}

/// The matrix [result, operand] of one dimension.
FailureOr<Val> Resizer::weights(const Axis &axis) {
  if (axis.result > maxWeights / std::max<int64_t>(axis.size, 1))
    return n.fail("resizes dimension " + Twine(axis.dim) + " from " +
                  Twine(axis.size) + " to " + Twine(axis.result) +
                  ", which is more than is supported");
  Constant matrix(n.in(0).type(), {axis.result, axis.size});
  // Against aliasing the kernel is as wide as the result's elements lie apart.
  double shrink = antialias ? std::min(axis.scale, 1.0) : 1.0;
  double reach = (mode == "linear" ? 1 : 2) / shrink;
  std::vector<double> row(axis.size);
  for (int64_t i = 0; i < axis.result; ++i) {
    std::fill(row.begin(), row.end(), 0);
    double at = position(axis, i), sum = 0;
    for (int64_t j = int64_t(std::floor(at - reach)),
                 last = int64_t(std::ceil(at + reach));
         j <= last; ++j) {
      bool outside = j < 0 || j >= axis.size;
      if (outside && dropOutside)
        continue;
      double weight = kernel((double(j) - at) * shrink);
      row[std::clamp<int64_t>(j, 0, axis.size - 1)] += weight;
      sum += weight;
    }
    for (int64_t j = 0; j < axis.size; ++j)
      matrix.setFloat(i * axis.size + j, sum == 0 ? 0 : row[j] / sum);
  }
  return Val(std::move(matrix));
}

LogicalResult Resizer::run() {
  FailureOr<SmallVector<Axis>> axes = readAxes();
  if (failed(axes) || failed(readOptions()))
    return failure();
  Val x = n.in(0);
  for (const Axis &axis : *axes) {
    if (axis.size == 0 || (axis.result == axis.size && axis.scale == 1))
      continue;
    if (mode == "nearest") {
      if (axis.result > maxWeights)
        return n.fail("the result has a dimension of " + Twine(axis.result) +
                      " elements, which is more than is supported");
      SmallVector<int64_t> from;
      for (int64_t i = 0; i < axis.result; ++i)
        from.push_back(
            std::clamp<int64_t>(nearest(position(axis, i)), 0, axis.size - 1));
      x = e.take(x, e.integers(from), axis.dim);
      continue;
    }
    FailureOr<Val> matrix = weights(axis);
    if (failed(matrix))
      return failure();
    // The new dimension comes out last and goes back to its place.
    Val product = e.dot(x, *matrix, {}, {}, {axis.dim}, {1});
    Shape permutation;
    for (int64_t dim = 0; dim < x.rank(); ++dim)
      permutation.push_back(dim < axis.dim    ? dim
                            : dim == axis.dim ? x.rank() - 1
                                              : dim - 1);
    x = e.transpose(product, permutation);
  }
  return n.set(x);
}

LogicalResult importResize(NodeContext &n) { return Resizer(n).run(); }

} // namespace

void addResizeOps(OpRegistry &r) { r.add("Resize", 1, importResize); }

} // namespace vescale::onnx
