//===- Slices.cpp - Slice, Split, Concat, Pad -----------------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include "lib/Frontend/Onnx/Splitting.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace vescale::onnx {

FailureOr<Shape> splitSizes(NodeContext &n, int64_t size, const Val &given,
                            std::optional<int64_t> parts) {
  Shape sizes;
  if (!given.absent()) {
    const Constant *constant = given.constant();
    if (!constant || constant->isFloat() || given.rank() > 1)
      return n.fail("the sizes of the parts must be known when the model is "
                    "compiled");
    sizes.assign(constant->ints.begin(), constant->ints.end());
    int64_t left = size;
    for (int64_t part : sizes) {
      if (part < 0 || part > left)
        return n.fail("parts of sizes " + describeShape(sizes) +
                      " do not add up to " + Twine(size));
      left -= part;
    }
    if (left != 0)
      return n.fail("parts of sizes " + describeShape(sizes) +
                    " do not add up to " + Twine(size));
    return sizes;
  }
  if (!parts || *parts < 1 || *parts > std::max<int64_t>(size, 1))
    return n.fail("size " + Twine(size) + " can't be split in " +
                  Twine(parts.value_or(0)) + " parts");
  int64_t chunk = (size + *parts - 1) / *parts;
  for (int64_t left = size; static_cast<int64_t>(sizes.size()) < *parts;) {
    sizes.push_back(std::min(chunk, left));
    left -= sizes.back();
  }
  return sizes;
}

std::vector<Val> split(Emitter &e, const Val &x, int64_t dim, ShapeRef sizes) {
  std::vector<Val> parts;
  int64_t start = 0;
  for (int64_t size : sizes) {
    parts.push_back(e.sliceDim(x, dim, start, start + size));
    start += size;
  }
  return parts;
}

namespace {

LogicalResult importSplit(NodeContext &n) {
  const Val &x = n.in(0);
  FailureOr<int64_t> dim = n.axis(n.integer("axis", 0), x.rank());
  if (failed(dim))
    return failure();
  int64_t parts = n.integer("num_outputs", n.numOutputs());
  FailureOr<Shape> sizes = splitSizes(n, x.dim(*dim), n.in(1), parts);
  if (failed(sizes))
    return failure();
  if (sizes->size() != n.numOutputs())
    return n.fail("splits into " + Twine(sizes->size()) + " parts but has " +
                  Twine(n.numOutputs()) + " outputs");
  for (auto [index, part] : llvm::enumerate(split(n.e, x, *dim, *sizes)))
    if (failed(n.set(index, part)))
      return failure();
  return success();
}

LogicalResult importConcat(NodeContext &n) {
  const Val &first = n.in(0);
  FailureOr<int64_t> dim = n.axis(n.integer("axis", 0), first.rank());
  if (failed(dim))
    return failure();
  for (const Val &part : n.ins()) {
    if (part.absent() || part.type() != first.type() ||
        part.rank() != first.rank())
      return n.fail("operands differ in element type or number of dimensions");
    for (int64_t other = 0; other < first.rank(); ++other)
      if (other != *dim && part.dim(other) != first.dim(other))
        return n.fail("shapes " + describeShape(first.shape()) + " and " +
                      describeShape(part.shape()) +
                      " can't be concatenated along dimension " + Twine(*dim));
  }
  return n.set(n.e.concat(n.ins(), *dim));
}

/// Start or end of a slice as NumPy reads it: negative counts from the end,
/// then clamped to [low, high].
int64_t clampIndex(int64_t index, int64_t size, int64_t low, int64_t high) {
  if (index < 0)
    index = index < -size ? low : index + size;
  return std::clamp(index, low, high);
}

LogicalResult importSlice(NodeContext &n) {
  const Val &x = n.in(0);
  FailureOr<Shape> starts = n.known(1, "the list of starts"),
                   ends = n.known(2, "the list of ends");
  if (failed(starts) || failed(ends))
    return failure();
  size_t count = starts->size();
  Shape axes, steps(count, 1);
  for (size_t i = 0; i < count; ++i)
    axes.push_back(i);
  if (!n.in(3).absent()) {
    FailureOr<Shape> given = n.known(3, "the list of axes");
    if (failed(given))
      return failure();
    axes = *given;
  }
  if (!n.in(4).absent()) {
    FailureOr<Shape> given = n.known(4, "the list of steps");
    if (failed(given))
      return failure();
    steps = *given;
  }
  if (ends->size() != count || axes.size() != count || steps.size() != count)
    return n.fail("starts, ends, axes and steps differ in length");
  Shape from(x.rank(), 0), to(x.shape()), by(x.rank(), 1);
  SmallVector<bool> seen(x.rank());
  Val result = x;
  for (size_t i = 0; i < count; ++i) {
    FailureOr<int64_t> dim = n.axis(axes[i], x.rank());
    if (failed(dim))
      return failure();
    if (seen[*dim])
      return n.fail("axis " + Twine(axes[i]) + " is given twice");
    seen[*dim] = true;
    int64_t size = x.dim(*dim), step = steps[i];
    if (step == 0 || step == std::numeric_limits<int64_t>::min())
      return n.fail("a step is " + Twine(step));
    int64_t start, end;
    if (step > 0) {
      start = clampIndex((*starts)[i], size, 0, size);
      end = clampIndex((*ends)[i], size, 0, size);
    } else {
      // Backwards from start down to, not including, end: forwards in the
      // reversed dimension.
      start = size - 1 - clampIndex((*starts)[i], size, -1, size - 1);
      end = size - 1 - clampIndex((*ends)[i], size, -1, size - 1);
      result = n.e.reverse(result, *dim);
      step = -step;
    }
    from[*dim] = start;
    to[*dim] = std::max(start, end);
    // A step past the end reads what a step of the size does.
    by[*dim] = std::min(step, std::max<int64_t>(size, 1));
  }
  return n.set(n.e.slice(result, from, to, by));
}

/// One of the modes that repeat elements of the operand, dimension by
/// dimension.
FailureOr<Val> padByCopies(NodeContext &n, Val x, StringRef mode, ShapeRef low,
                           ShapeRef high) {
  Emitter &e = n.e;
  for (int64_t dim = 0; dim < x.rank(); ++dim) {
    int64_t size = x.dim(dim), before = low[dim], after = high[dim];
    if (before == 0 && after == 0)
      continue;
    int64_t limit = mode == "reflect" ? size - 1
                    : mode == "wrap"  ? size
                                      : std::numeric_limits<int64_t>::max();
    if (size == 0 || before > limit || after > limit)
      return n.fail("dimension " + Twine(dim) + " of size " + Twine(size) +
                    " can't be padded by " + Twine(std::max(before, after)) +
                    " in mode " + mode);
    SmallVector<Val> parts;
    auto repeat = [&](int64_t at, int64_t count) {
      Shape shape(x.shape());
      shape[dim] = count;
      parts.push_back(e.broadcastTo(e.sliceDim(x, dim, at, at + 1), shape));
    };
    auto mirror = [&](int64_t from, int64_t to) {
      parts.push_back(e.reverse(e.sliceDim(x, dim, from, to), dim));
    };
    if (before > 0) {
      if (mode == "edge")
        repeat(0, before);
      else if (mode == "reflect")
        mirror(1, before + 1);
      else
        parts.push_back(e.sliceDim(x, dim, size - before, size));
    }
    parts.push_back(x);
    if (after > 0) {
      if (mode == "edge")
        repeat(size - 1, after);
      else if (mode == "reflect")
        mirror(size - 1 - after, size - 1);
      else
        parts.push_back(e.sliceDim(x, dim, 0, after));
    }
    x = e.concat(parts, dim);
  }
  return x;
}

LogicalResult importPad(NodeContext &n) {
  Val x = n.in(0);
  FailureOr<Shape> pads = n.known(1, "the list of pads");
  if (failed(pads))
    return failure();
  Shape axes;
  for (int64_t dim = 0; dim < x.rank(); ++dim)
    axes.push_back(dim);
  if (!n.in(3).absent()) {
    FailureOr<Shape> given = n.known(3, "the list of axes");
    if (failed(given))
      return failure();
    axes = *given;
  }
  if (pads->size() != 2 * axes.size())
    return n.fail("there are " + Twine(pads->size()) + " pads for " +
                  Twine(axes.size()) + " dimensions");
  constexpr int64_t maxPad = int64_t(1) << 40;
  Shape low(x.rank(), 0), high(x.rank(), 0), start(x.rank(), 0),
      limit(x.shape()), ones(x.rank(), 1);
  for (auto [index, entry] : llvm::enumerate(axes)) {
    FailureOr<int64_t> dim = n.axis(entry, x.rank());
    if (failed(dim))
      return failure();
    int64_t before = (*pads)[index], after = (*pads)[index + axes.size()];
    if (before > maxPad || after > maxPad || -before > x.dim(*dim) ||
        -after > x.dim(*dim) || x.dim(*dim) + before + after < 0 ||
        before < -maxPad || after < -maxPad)
      return n.fail("dimension " + Twine(*dim) + " of size " +
                    Twine(x.dim(*dim)) + " can't be padded by " +
                    Twine(before) + " and " + Twine(after));
    // Negative pads crop.
    low[*dim] = std::max<int64_t>(before, 0);
    high[*dim] = std::max<int64_t>(after, 0);
    start[*dim] = std::max<int64_t>(-before, 0);
    limit[*dim] = x.dim(*dim) - std::max<int64_t>(-after, 0);
    if (start[*dim] > limit[*dim])
      return n.fail("crops dimension " + Twine(*dim) + " to less than nothing");
  }
  x = n.e.slice(x, start, limit, ones);
  std::string mode = n.string("mode", "constant");
  if (mode == "edge" || mode == "reflect" || mode == "wrap") {
    FailureOr<Val> result = padByCopies(n, x, mode, low, high);
    return failed(result) ? failure() : n.set(*result);
  }
  if (mode != "constant")
    return n.fail("mode '" + mode + "' is not supported");
  Val value = n.in(2).absent() ? n.e.scalar(x.type(), 0) : n.in(2);
  if (value.size() != 1 || value.type() != x.type())
    return n.fail("the value must be a scalar of the operand's element type");
  return n.set(n.e.pad(x, n.e.reshape(value, {}), low, high));
}

} // namespace

void addSliceOps(OpRegistry &r) {
  r.add("Split", 1, importSplit);
  r.add("Concat", 1, importConcat);
  r.add("Slice", 3, importSlice);
  r.add("Pad", 2, importPad);
}

} // namespace vescale::onnx
