//===- Parameters.h - Where the interpreter has parameters from -*- C++ -*-===//
//
// By name from tensors that were given, else from the files that the program
// names, else at random.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_INTERPRETER_PARAMETERS_H
#define VESCALE_INTERPRETER_PARAMETERS_H

#include "dialects/Graph/Graph.h"
#include "llvm/ADT/StringMap.h"

namespace vescale {

class Parameters {
public:
  struct Options {
    /// Source files are relative to it.
    std::string directory;
    /// Random data for every parameter that was not given.
    bool random = false;
    uint64_t seed = 0;
  };

  Parameters(const Arithmetic &arithmetic, Options options)
      : arithmetic(arithmetic), options(std::move(options)) {}

  void give(llvm::StringRef name, Tensor tensor) {
    given[name] = std::move(tensor);
  }

  /// The parameter as it is stored, or failure with a diagnostic.
  llvm::FailureOr<Tensor> load(graph::ParameterOp op);
  /// Puts the global value of a parameter op where its view on the stored
  /// tensor is; what is loaded from then on has it.
  llvm::LogicalResult store(graph::ParameterOp op, const Tensor &value);

private:
  llvm::FailureOr<Tensor> loadSource(graph::ParameterOp op);

  const Arithmetic &arithmetic;
  Options options;
  llvm::StringMap<Tensor> given;
  /// The last one loaded: the ranks ask for it one after the other.
  std::string lastName;
  Tensor last;
};

/// A tensor of random elements that depends on the seed and the name alone:
/// floats in [-1, 1) or field elements, integers in [0, `range`).
Tensor randomTensor(mlir::RankedTensorType type, llvm::StringRef name,
                    uint64_t seed, const Arithmetic &arithmetic,
                    int64_t range = 2);

} // namespace vescale

#endif // VESCALE_INTERPRETER_PARAMETERS_H
