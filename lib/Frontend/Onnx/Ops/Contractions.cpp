//===- Contractions.cpp - MatMul, Gemm, Einsum ----------------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace vescale::onnx {
namespace {

LogicalResult importMatMul(NodeContext &n) {
  Emitter &e = n.e;
  Val a = n.in(0), b = n.in(1);
  if (a.type() != b.type() || a.isBool())
    return n.error() << "operands have the element types " << a.type()
                     << " and " << b.type();
  if (a.rank() < 1 || b.rank() < 1)
    return n.fail("an operand is a scalar");
  // A vector stands for a row on the left, a column on the right; that
  // dimension is not in the result.
  bool dropRow = a.rank() == 1, dropColumn = b.rank() == 1;
  if (dropColumn)
    b = e.unsqueeze(b, 1);
  int64_t bRank = b.rank();
  if (a.dim(a.rank() - 1) != b.dim(bRank - 2))
    return n.fail("shapes " + describeShape(n.in(0).shape()) + " and " +
                  describeShape(n.in(1).shape()) +
                  " do not multiply: " + Twine(a.dim(a.rank() - 1)) +
                  " is not " + Twine(b.dim(bRank - 2)));
  Val result;
  if (bRank == 2) {
    // One matrix for all of the batch.
    result = e.dot(a, b, {}, {}, {a.rank() - 1}, {0});
  } else {
    if (dropRow)
      a = e.unsqueeze(a, 0);
    std::optional<Shape> batch =
        broadcastShapes(a.shape().drop_back(2), b.shape().drop_back(2));
    if (!batch)
      return n.fail("batch dimensions of " + describeShape(n.in(0).shape()) +
                    " and " + describeShape(n.in(1).shape()) +
                    " do not broadcast");
    auto expand = [&](const Val &x) {
      Shape shape = *batch;
      llvm::append_range(shape, x.shape().take_back(2));
      return e.broadcastTo(x, shape);
    };
    Shape dims;
    int64_t count = batch->size();
    for (int64_t dim = 0; dim < count; ++dim)
      dims.push_back(dim);
    result = e.dot(expand(a), expand(b), dims, dims, {count + 1}, {count});
    if (dropRow) {
      Shape shape(result.shape());
      shape.erase(shape.end() - 2);
      result = e.reshape(result, shape);
    }
  }
  if (dropColumn)
    result = e.reshape(result, result.shape().drop_back());
  return n.set(result);
}

LogicalResult importGemm(NodeContext &n) {
  Emitter &e = n.e;
  const Val &a = n.in(0), &b = n.in(1);
  if (a.rank() != 2 || b.rank() != 2)
    return n.fail("operands must be matrices");
  if (a.type() != b.type() || a.isBool())
    return n.error() << "operands have the element types " << a.type()
                     << " and " << b.type();
  int64_t aContract = n.integer("transA", 0) != 0 ? 0 : 1;
  int64_t bContract = n.integer("transB", 0) != 0 ? 1 : 0;
  if (a.dim(aContract) != b.dim(bContract))
    return n.fail("shapes " + describeShape(a.shape()) + " and " +
                  describeShape(b.shape()) + " do not multiply");
  Val result = e.dot(a, b, {}, {}, {aContract}, {bContract});
  double alpha = n.number("alpha", 1), beta = n.number("beta", 1);
  if (alpha != 1)
    result = e.binary(Binary::Mul, result, alpha);
  if (!n.in(2).absent() && beta != 0) {
    Val c = n.in(2);
    if (c.type() != result.type() ||
        broadcastShapes(c.shape(), result.shape()) != Shape(result.shape()))
      return n.fail("the addend of shape " + describeShape(c.shape()) +
                    " does not broadcast to " + describeShape(result.shape()));
    c = e.broadcastTo(c, result.shape());
    if (beta != 1)
      c = e.binary(Binary::Mul, c, beta);
    result = e.binary(Binary::Add, result, c);
  }
  return n.set(result);
}

//===----------------------------------------------------------------------===//
// Einsum, one operand or two
//===----------------------------------------------------------------------===//

/// A tensor whose dimensions have labels, each once.
struct Labelled {
  Val value;
  std::string labels;
};

/// Sums out the labels not in `keep`.
Labelled sumOut(Emitter &e, const Labelled &in, StringRef keep) {
  Labelled out;
  Shape dims;
  for (auto [dim, label] : llvm::enumerate(in.labels)) {
    if (keep.contains(label))
      out.labels += label;
    else
      dims.push_back(dim);
  }
  out.value = e.reduce(graph::Reduction::Sum, in.value, dims, /*keep=*/false);
  return out;
}

Labelled multiply(Emitter &e, Labelled a, Labelled b, StringRef result) {
  a = sumOut(e, a, b.labels + result.str());
  b = sumOut(e, b, a.labels + result.str());
  Shape aBatch, bBatch, aContract, bContract;
  Labelled out;
  for (auto [dim, label] : llvm::enumerate(a.labels)) {
    size_t other = b.labels.find(label);
    if (other == std::string::npos)
      continue;
    bool kept = result.contains(label);
    (kept ? aBatch : aContract).push_back(dim);
    (kept ? bBatch : bContract).push_back(other);
    if (kept)
      out.labels += label;
  }
  for (char label : a.labels)
    if (b.labels.find(label) == std::string::npos)
      out.labels += label;
  for (char label : b.labels)
    if (a.labels.find(label) == std::string::npos)
      out.labels += label;
  out.value = e.dot(a.value, b.value, aBatch, bBatch, aContract, bContract);
  return out;
}

LogicalResult importEinsum(NodeContext &n) {
  Emitter &e = n.e;
  std::string equation = n.string("equation", "");
  llvm::erase(equation, ' ');
  if (StringRef(equation).contains("..."))
    return n.fail("an ellipsis in '" + equation + "' is not supported");
  auto [left, right] = StringRef(equation).split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != n.numInputs())
    return n.fail("'" + equation + "' has " + Twine(terms.size()) +
                  " terms for " + Twine(n.numInputs()) + " operands");
  std::map<char, int64_t> sizes;
  std::map<char, unsigned> counts;
  SmallVector<Labelled> operands;
  for (auto [term, value] : llvm::zip(terms, n.ins())) {
    if (value.absent() || value.isBool() || value.type() != n.in(0).type() ||
        static_cast<int64_t>(term.size()) != value.rank())
      return n.fail("operand of shape " + describeShape(value.shape()) +
                    " does not fit the term '" + term + "'");
    for (auto [dim, label] : llvm::enumerate(term)) {
      if (!llvm::isAlpha(label) || term.count(label) != 1)
        return n.fail("the term '" + term +
                      "' is not supported: each dimension "
                      "needs a letter of its own");
      auto [it, first] = sizes.emplace(label, value.dim(dim));
      if (!first && it->second != value.dim(dim))
        return n.fail("'" + Twine(label) + "' stands for sizes " +
                      Twine(it->second) + " and " + Twine(value.dim(dim)));
      ++counts[label];
    }
    operands.push_back({value, term.str()});
  }
  std::string result = right.str();
  if (!StringRef(equation).contains("->"))
    for (auto [label, count] : counts)
      if (count == 1)
        result += label;
  for (char label : result)
    if (!sizes.count(label) || StringRef(result).count(label) != 1)
      return n.fail("the result '" + result + "' does not fit the terms");

  Labelled total = operands.front();
  for (size_t i = 1; i < operands.size(); ++i) {
    // What later operands read must survive.
    std::string keep = result;
    for (size_t later = i + 1; later < operands.size(); ++later)
      keep += operands[later].labels;
    total = multiply(e, total, operands[i], keep);
  }
  total = sumOut(e, total, result);
  Shape permutation;
  for (char label : result)
    permutation.push_back(total.labels.find(label));
  return n.set(e.transpose(total.value, permutation));
}

} // namespace

void addContractionOps(OpRegistry &r) {
  r.add("MatMul", 2, importMatMul);
  r.add("Gemm", 2, importGemm);
  r.add("Einsum", 1, importEinsum);
}

} // namespace vescale::onnx
