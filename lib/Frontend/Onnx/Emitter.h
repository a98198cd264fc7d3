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

namespace vescale::onnx {

/// Results of more elements than this are left to the program: enough for the
/// attention mask of a batch of sequences, so that masks come out as constants.
inline constexpr int64_t maxFoldedElements = int64_t(1) << 22;
/// Elements that one import computes, a bound on its time and memory.
inline constexpr int64_t foldingBudget = int64_t(1) << 25;

/// A value of the ONNX graph during import: nothing (an omitted optional
/// input), a known tensor, the result of an op, or a sequence of tensors.
class Val {
public:
  Val() = default;
  explicit Val(mlir::Value tensor);
  explicit Val(Constant constant);
  explicit Val(std::vector<Val> sequence);

  bool absent() const { return !tensor && !known && !elements; }
  bool isTensor() const { return tensor || known; }
  bool isSequence() const { return elements != nullptr; }
  const Constant *constant() const { return known.get(); }
  const std::vector<Val> &sequence() const { return *elements; }

  mlir::Type type() const { return elementType; }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(elementType); }
  bool isBool() const { return elementType.isInteger(1); }
  ShapeRef shape() const { return dims; }
  int64_t rank() const { return dims.size(); }
  int64_t dim(int64_t index) const { return dims[index]; }
  int64_t size() const { return volume(dims); }

private:
  friend class Emitter;
  mlir::Value tensor;
  std::shared_ptr<const Constant> known;
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
  Val makeNamed(llvm::StringRef op, mlir::Type type, ShapeRef shape,
                mlir::ValueRange operands);

  mlir::OpBuilder &builder;
  mlir::Location location;
  int64_t foldedElements = 0;
  mlir::Value constantOp(mlir::DenseElementsAttr value);

  llvm::DenseMap<const Constant *, mlir::Value> constants;
  /// One op per value; MLIR makes equal attributes one.
  llvm::DenseMap<mlir::Attribute, mlir::Value> constantOps;
  /// Keeps the keys of `constants` alive.
  std::vector<std::shared_ptr<const Constant>> used;
};

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_EMITTER_H
