//===- Generator.h - Random programs of graph ops ---------------*- C++ -*-===//
//
// Builds legal programs op by op from a seed. `size` bounds dimensions and the
// number of ops, so that a failure can be reproduced smaller.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_TEST_PROPERTY_GENERATOR_H
#define VESCALE_TEST_PROPERTY_GENERATOR_H

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/PrettyStackTrace.h"
#include <random>

namespace vescale::test {

using Shape = llvm::SmallVector<int64_t>;

class Dice {
public:
  explicit Dice(uint64_t seed) : random(seed) {}
  int64_t below(int64_t n) { return random() % n; }
  int64_t between(int64_t low, int64_t high) {
    return low + below(high - low + 1);
  }
  bool chance(int percent) { return below(100) < percent; }
  template <typename List> auto pick(const List &list) {
    return list[below(std::size(list))];
  }
  template <typename List> void shuffle(List &list) {
    for (size_t i = list.size(); i > 1; --i)
      std::swap(list[i - 1], list[below(i)]);
  }
  uint64_t seed() { return random(); }

private:
  std::mt19937_64 random;
};

/// The element types that a value may have.
enum class ElementKind { Float, Int, Number, Bool, Bits, Any };

/// How large tensors get.
enum class Extent {
  /// A few hundred elements, dimensions up to 12.
  Small,
  /// Tens of thousands, dimensions around the sizes of blocks and vectors.
  Large
};

class Generator {
public:
  Generator(mlir::MLIRContext *context, uint64_t seed, int64_t size,
            Extent extent = Extent::Small);

  Dice dice;
  mlir::OpBuilder builder;
  mlir::Location loc;

  // Shapes: sizes of 0 and 1, odd ones and composite ones.
  int64_t dimSize();
  /// Tensors have no more elements than this, contractions' results twice.
  int64_t maxElements() const { return extent == Extent::Small ? 256 : 16384; }
  Shape shape(int64_t minRank, int64_t maxRank);
  Shape shape() { return shape(0, 5); }
  mlir::Type element(ElementKind kind);

  /// A value of this type: one that the program has, or a new input.
  mlir::Value value(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// A value with an element type of the kind and a rank in the range.
  mlir::Value any(ElementKind kind, int64_t minRank = 0, int64_t maxRank = 5);
  /// An input of integers in [low, high].
  mlir::Value integers(llvm::ArrayRef<int64_t> shape, int64_t low,
                       int64_t high);
  mlir::Value input(mlir::RankedTensorType type);
  /// A new input or a new parameter.
  mlir::Value leaf(mlir::RankedTensorType type);
  mlir::RankedTensorType type(llvm::ArrayRef<int64_t> shape,
                              mlir::Type element) {
    return mlir::RankedTensorType::get(shape, element);
  }

  /// Builds the op and makes its results available to later ones.
  template <typename Op, typename... Args>
  Op create(mlir::RankedTensorType result, Args &&...args) {
    auto op = Op::create(builder, loc, result, std::forward<Args>(args)...);
    llvm::append_range(pool, op->getResults());
    return op;
  }

  std::string newName() { return "p" + std::to_string(names++); }

  /// Returns what no op uses, and closes the function.
  void finish();

  /// Whether leaves may be parameters, which have no data.
  bool useParameters = true;
  /// Whether floats may be f16 and bf16.
  bool useNarrowFloats = true;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp main;
  /// The range of each input's integers.
  llvm::SmallVector<std::pair<int64_t, int64_t>> ranges;
  /// Values that later ops may use.
  llvm::SmallVector<mlir::Value> pool;

private:
  int64_t size;
  Extent extent;
  unsigned names = 0;
};

/// Any rate, seed and site.
graph::DropAttr sampleDrop(Generator &generator);

/// Adds one op of the kind to the program.
struct Sampler {
  llvm::StringRef op;
  void (*sample)(Generator &);
};

void addLeafSamplers(llvm::SmallVectorImpl<Sampler> &samplers);
void addElementwiseSamplers(llvm::SmallVectorImpl<Sampler> &samplers);
void addShapeSamplers(llvm::SmallVectorImpl<Sampler> &samplers);
void addReductionSamplers(llvm::SmallVectorImpl<Sampler> &samplers);
void addIndexingSamplers(llvm::SmallVectorImpl<Sampler> &samplers);
void addContractionSamplers(llvm::SmallVectorImpl<Sampler> &samplers);
void addNormalizationSamplers(llvm::SmallVectorImpl<Sampler> &samplers);
void addAttentionSamplers(llvm::SmallVectorImpl<Sampler> &samplers);
void addRandomSamplers(llvm::SmallVectorImpl<Sampler> &samplers);
llvm::ArrayRef<Sampler> allSamplers();

/// A program of one op of the named kind, or of several random ones.
void generate(Generator &generator, const Sampler &sampler);
void generateProgram(Generator &generator, int64_t ops);
/// The same with more of what kernels fuse: contractions, rows, reductions, and
/// elementwise ops and views between them.
void generateFusing(Generator &generator, int64_t ops);

/// The same with more of what regroups dimensions: reshapes that split and
/// merge them, transposes, contractions and reductions, and sums in between.
void generateRegrouping(Generator &generator, int64_t ops);

/// Calls the program's inputs in0, in1, … and its outputs out0, out1, …
void nameValues(mlir::func::FuncOp main);

/// Remembers the case that is run, for the message of a crash.
class CrashNote {
public:
  CrashNote(uint64_t seed, int64_t size);

private:
  std::string text;
  llvm::PrettyStackTraceString entry;
};

/// A number from the environment.
int64_t setting(const char *name, int64_t otherwise);

} // namespace vescale::test

#endif // VESCALE_TEST_PROPERTY_GENERATOR_H
