//===- Sequences.cpp - Lists of tensors -----------------------------------===//
//
// Sequences exist only during import; their lengths are always known.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include "lib/Frontend/Onnx/Splitting.h"

using namespace mlir;

namespace vescale::onnx {
namespace {

LogicalResult requireSequence(NodeContext &n) {
  if (n.in(0).isSequence())
    return success();
  return n.fail("input 0 must be a sequence");
}

/// The position that input `input` names, of `count`; negative from the end.
FailureOr<int64_t> position(NodeContext &n, size_t input, int64_t count) {
  if (!n.in(input).isTensor())
    return n.fail("the position must be a tensor");
  FailureOr<Shape> known = n.known(input, "the position");
  if (failed(known))
    return failure();
  if (known->size() != 1 || known->front() < -count || known->front() >= count)
    return n.fail("position " + describeShape(*known) +
                  " is not one of a sequence of " + Twine(count));
  return known->front() < 0 ? known->front() + count : known->front();
}

LogicalResult importConstruct(NodeContext &n) {
  for (const Val &value : n.ins())
    if (!value.isTensor())
      return n.fail("an element is not a tensor");
  return n.set(Val(std::vector<Val>(n.ins().begin(), n.ins().end())));
}

LogicalResult importEmpty(NodeContext &n) {
  n.ignore({"dtype"});
  return n.set(Val(std::vector<Val>()));
}

LogicalResult importSplitToSequence(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0);
  FailureOr<int64_t> dim = n.axis(n.integer("axis", 0), x.rank());
  if (failed(dim))
    return failure();
  bool keep = n.integer("keepdims", 1) != 0;
  int64_t size = x.dim(*dim);
  bool single = n.in(1).absent();
  int64_t chunk = single ? 1 : 0;
  Val sizes;
  if (!single) {
    FailureOr<Shape> known = n.known(1, "the size of the parts");
    if (failed(known))
      return failure();
    if (n.in(1).rank() == 0)
      chunk = known->front();
    else
      sizes = n.in(1);
    if (n.in(1).rank() == 0 && chunk < 1)
      return n.fail("parts of size " + Twine(chunk));
  }
  constexpr int64_t maxParts = 1 << 16;
  if (chunk > 0 && size / chunk >= maxParts)
    return n.fail("splits into more than " + Twine(maxParts) + " parts");
  Shape lengths;
  if (chunk > 0) {
    for (int64_t left = size; left > 0; left -= lengths.back())
      lengths.push_back(std::min(chunk, left));
  } else {
    FailureOr<Shape> given = splitSizes(n, size, sizes, std::nullopt);
    if (failed(given))
      return failure();
    lengths = *given;
  }
  std::vector<Val> parts = split(e, x, *dim, lengths);
  // Without sizes the dimension goes, unless keepdims says otherwise.
  if (single && !keep)
    for (Val &part : parts) {
      Shape shape(part.shape());
      shape.erase(shape.begin() + *dim);
      part = e.reshape(part, shape);
    }
  return n.set(Val(std::move(parts)));
}

LogicalResult importAt(NodeContext &n) {
  if (failed(requireSequence(n)))
    return failure();
  const std::vector<Val> &list = n.in(0).sequence();
  FailureOr<int64_t> at = position(n, 1, list.size());
  return failed(at) ? failure() : n.set(list[*at]);
}

LogicalResult importLength(NodeContext &n) {
  if (failed(requireSequence(n)))
    return failure();
  return n.set(n.e.scalar(n.e.i64(), double(n.in(0).sequence().size())));
}

LogicalResult importInsert(NodeContext &n) {
  if (failed(requireSequence(n)))
    return failure();
  std::vector<Val> list = n.in(0).sequence();
  if (!n.in(1).isTensor())
    return n.fail("the element is not a tensor");
  int64_t at = list.size();
  if (!n.in(2).absent()) {
    FailureOr<int64_t> given = position(n, 2, list.size() + 1);
    if (failed(given))
      return failure();
    // Counted from the end, -1 is before the last element.
    bool negative = n.in(2).constant()->ints[0] < 0;
    at = *given - (negative ? 1 : 0);
  }
  list.insert(list.begin() + at, n.in(1));
  return n.set(Val(std::move(list)));
}

LogicalResult importConcatFromSequence(NodeContext &n) {
  Emitter &e = n.e;
  if (failed(requireSequence(n)))
    return failure();
  std::vector<Val> list = n.in(0).sequence();
  if (list.empty())
    return n.fail("the sequence is empty");
  bool newAxis = n.integer("new_axis", 0) != 0;
  FailureOr<int64_t> dim =
      n.axis(n.integer("axis", 0), list.front().rank() + (newAxis ? 1 : 0));
  if (failed(dim))
    return failure();
  for (Val &part : list) {
    if (part.rank() != n.in(0).sequence().front().rank() ||
        part.type() != list.front().type())
      return n.fail("elements differ in element type or rank");
    if (newAxis)
      part = e.unsqueeze(part, *dim);
    for (int64_t other = 0; other < part.rank(); ++other)
      if (other != *dim && part.dim(other) != list.front().dim(other))
        return n.fail("elements of shapes " + describeShape(part.shape()) +
                      " and " + describeShape(list.front().shape()) +
                      " can't be concatenated");
  }
  return n.set(e.concat(list, *dim));
}

} // namespace

void addSequenceOps(OpRegistry &r) {
  auto add = [&](StringRef op, unsigned inputs, OpImporter import) {
    r.add(op, inputs, std::move(import), 1, InputKind::Any);
  };
  add("SequenceConstruct", 1, importConstruct);
  add("SequenceEmpty", 0, importEmpty);
  add("SequenceAt", 2, importAt);
  add("SequenceLength", 1, importLength);
  add("SequenceInsert", 2, importInsert);
  add("ConcatFromSequence", 1, importConcatFromSequence);
  r.add("SplitToSequence", 1, importSplitToSequence);
}

} // namespace vescale::onnx
