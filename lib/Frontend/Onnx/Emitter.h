//===- Emitter.h - Graph ops, or their values where they are known --------===//
//
// The vocabulary in which op importers are written: one method per `graph` op.
// Where all operands are known and the result is small, a method computes the
// result instead of making an op. So shape arithmetic vanishes on the way, and
// each ONNX op is described once.
//
//===----------------------------------------------------------------------===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_EMITTER_H
#define VESCALE_LIB_FRONTEND_ONNX_EMITTER_H

#include "dialects/Graph/Graph.h"
#include "lib/Frontend/Onnx/Constant.h"
#include "mlir/IR/Builders.h"
#include <map>

namespace vescale::onnx {

/// Results of more distinct elements than this are left to the program: enough
/// for the attention mask of a sequence, so that masks come out as constants.
inline constexpr int64_t maxFoldedElements = int64_t(1) << 22;
/// Parts that repeat are set together up to this size.
inline constexpr int64_t maxExpandedElements = int64_t(1) << 16;
/// Elements that one import computes, a bound on its time and memory.
inline constexpr int64_t foldingBudget = int64_t(1) << 25;

/// A value of the ONNX graph during import: nothing (an omitted optional
/// input), a known tensor, the result of an op, or a sequence of tensors. A
/// known tensor is a view on elements that others may share; along dimensions
/// that repeat it has a stride of 0, so that a mask of a large batch costs no
/// more than that of one sample.
class Val {
public:
  Val() = default;
  explicit Val(mlir::Value tensor);
  explicit Val(Constant constant);
  explicit Val(std::vector<Val> sequence);
  /// A view on the elements of `constant`, which is known.
  Val(const Val &constant, ShapeRef shape, ShapeRef strides, int64_t base);

  bool absent() const { return !tensor && !known && !elements; }
  bool isTensor() const { return tensor || known; }
  bool isKnown() const { return known != nullptr; }
  bool isSequence() const { return elements != nullptr; }
  /// All elements of a known tensor; null if it is not or has too many.
  const Constant *constant() const;
  const std::vector<Val> &sequence() const { return *elements; }

  mlir::Type type() const { return elementType; }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(elementType); }
  bool isBool() const { return elementType.isInteger(1); }
  ShapeRef shape() const { return dims; }
  int64_t rank() const { return dims.size(); }
  int64_t dim(int64_t index) const { return dims[index]; }
  int64_t size() const { return volume(dims); }

  // Of a known tensor.
  const Constant &storage() const { return *known; }
  ShapeRef strides() const { return steps; }
  int64_t base() const { return first; }
  bool repeatsAlong(int64_t dim) const {
    return dims[dim] > 1 && steps[dim] == 0;
  }
  /// The elements without repetition, and the dimensions that these have.
  std::pair<Constant, Shape> distinct() const;

private:
  friend class Emitter;
  mlir::Value tensor;
  std::shared_ptr<const Constant> known;
  Shape steps;
  int64_t first = 0;
  /// What constant() has made of a view.
  mutable std::shared_ptr<const Constant> dense;
  std::shared_ptr<const std::vector<Val>> elements;
  mlir::Type elementType;
  Shape dims;
};

enum class Unary {
  Neg,
  Abs,
  Sign,
  Exp,
  Log,
  Sqrt,
  Rsqrt,
  Reciprocal,
  Tanh,
  Erf,
  Sin,
  Cos,
  Sigmoid,
  Floor,
  Ceil,
  Round,
  Relu,
  Silu,
  Not
};
enum class Binary { Add, Sub, Mul, Div, Rem, Pow, Max, Min, And, Or, Xor };

/// The shape that NumPy's rules broadcast both to; nullopt if they don't fit.
std::optional<Shape> broadcastShapes(ShapeRef a, ShapeRef b);

class Emitter {
public:
  explicit Emitter(mlir::OpBuilder &builder)
      : builder(builder), location(builder.getUnknownLoc()) {}

  mlir::MLIRContext *context() const { return builder.getContext(); }
  void setLocation(mlir::Location loc) { location = loc; }
  mlir::Location getLocation() const { return location; }
  mlir::Type i64() { return builder.getI64Type(); }
  mlir::Type i1() { return builder.getI1Type(); }

  /// The value as an operand. A known one becomes a constant op, without the
  /// dimensions along which it repeats, and a broadcast along those.
  mlir::Value operand(const Val &value);
  mlir::RankedTensorType tensorType(mlir::Type type, ShapeRef shape) {
    return mlir::RankedTensorType::get(shape, type);
  }
  /// Makes any op of the dialect.
  template <typename Op, typename... Args>
  Val make(mlir::Type type, ShapeRef shape, Args &&...args) {
    return Val(Op::create(builder, location, tensorType(type, shape),
                          std::forward<Args>(args)...)
                   .getResult());
  }

  /// Mean and variance that each channel of x is normalized by.
  std::pair<Val, Val> batchStatistics(const Val &x, const Val &runningMean,
                                      const Val &runningVariance,
                                      double momentum, bool ofBatch);

  Val scalar(mlir::Type type, double value);
  Val fill(mlir::Type type, ShapeRef shape, double value);
  Val fillLike(const Val &value, double number) {
    return fill(value.type(), value.shape(), number);
  }
  Val integers(llvm::ArrayRef<int64_t> values);
  Val iota(mlir::Type type, ShapeRef shape, int64_t dim);

  // Elementwise; operands of equal shape.
  Val unary(Unary kind, const Val &x);
  Val binary(Binary kind, const Val &a, const Val &b);
  Val compare(graph::Comparison kind, const Val &a, const Val &b);
  Val select(const Val &condition, const Val &yes, const Val &no);
  Val cast(const Val &x, mlir::Type type);
  Val isNan(const Val &x);
  /// With a number that takes x's type and shape.
  Val binary(Binary kind, const Val &a, double b) {
    return binary(kind, a, fillLike(a, b));
  }

  // Movement.
  Val reshape(const Val &x, ShapeRef shape);
  Val transpose(const Val &x, ShapeRef permutation);
  Val broadcast(const Val &x, ShapeRef dims, ShapeRef shape);
  /// By NumPy's rules; `shape` must fit.
  Val broadcastTo(const Val &x, ShapeRef shape);
  Val slice(const Val &x, ShapeRef starts, ShapeRef limits, ShapeRef strides);
  /// Elements [start, limit) along one dimension.
  Val sliceDim(const Val &x, int64_t dim, int64_t start, int64_t limit);
  Val reverse(const Val &x, int64_t dim);
  Val concat(llvm::ArrayRef<Val> parts, int64_t dim);
  Val pad(const Val &x, const Val &value, ShapeRef low, ShapeRef high);
  Val unsqueeze(const Val &x, int64_t dim);

  // Reductions and reads.
  Val reduce(graph::Reduction kind, const Val &x, ShapeRef dims, bool keep);
  Val cumsum(const Val &x, int64_t dim, bool exclusive, bool reverse);
  Val argmax(const Val &x, int64_t dim);
  Val take(const Val &data, const Val &indices, int64_t axis);
  Val takeAlong(const Val &data, const Val &indices, int64_t axis);

  // Always ops.
  Val dot(const Val &lhs, const Val &rhs, ShapeRef lhsBatch, ShapeRef rhsBatch,
          ShapeRef lhsContract, ShapeRef rhsContract);

private:
  bool folds(int64_t resultSize, std::initializer_list<const Val *> operands);
  bool folds(int64_t resultSize);
  /// Calls `compute(out, index, places)` for each distinct element of a result,
  /// with the places of the operands' elements in their storage. Nothing if an
  /// operand is unknown, there are too many or one can't be computed.
  std::optional<Val> foldElementwise(
      mlir::Type type, llvm::ArrayRef<const Val *> operands,
      llvm::function_ref<bool(Constant &, int64_t, ShapeRef)> compute);
  Val makeNamed(llvm::StringRef op, mlir::Type type, ShapeRef shape,
                mlir::ValueRange operands);
  mlir::Value constantOp(mlir::DenseElementsAttr value);
  mlir::Value constantOf(const Val &value, Shape &kept);

  mlir::OpBuilder &builder;
  mlir::Location location;
  int64_t foldedElements = 0;

  /// A view on a storage: its base, strides and shape.
  using View = std::tuple<const Constant *, int64_t, Shape, Shape>;
  static View viewOf(const Val &value);
  /// A known tensor's first elements along dimensions that repeat, and back.
  static Val once(const Val &x, ShapeRef dims);
  Val repeat(const Val &x, ShapeRef shape);
  const Val *findPart(const Val &x, ShapeRef shape, ShapeRef starts,
                      ShapeRef strides) const;
  std::map<View, mlir::Value> operands;
  /// The constant of a view without repetition, and the dimensions left.
  std::map<View, std::pair<mlir::Value, Shape>> constants;
  /// One op per value; MLIR makes equal attributes one.
  llvm::DenseMap<mlir::Attribute, mlir::Value> constantOps;
  /// What each concatenation is made of.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<Val>> concats;
  /// Keeps the keys of `operands` alive.
  std::vector<std::shared_ptr<const Constant>> used;
};

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_EMITTER_H
