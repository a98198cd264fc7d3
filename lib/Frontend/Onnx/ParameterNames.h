//===- ParameterNames.h - The author's names of parameters ------*- C++ -*-===//
//
// Exporters that optimise fold transposes and casts into weights and rename
// them. PyTorch's leaves traces: the graph's signature lists the model's own
// names, a folded value says what it was folded from, and a node says which
// operation on which parameter it was made for. This reads them.
//
//===----------------------------------------------------------------------===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_PARAMETERNAMES_H
#define VESCALE_LIB_FRONTEND_ONNX_PARAMETERNAMES_H

#include "lib/Frontend/Onnx/Model.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <set>

namespace vescale::onnx {

struct ParameterName {
  enum class Kind {
    Weight,   ///< a parameter or saved buffer of the author's module
    Constant, ///< known to depend on none
    Unknown
  };

  /// A weight's is the author's, else the initializer's own.
  std::string name;
  Kind kind = Kind::Unknown;
  /// The file holds the transpose of the author's matrix.
  bool isTransposed = false;
  /// Other parameters of the author's that share the weight's data.
  std::vector<std::string> tied;

  bool isWeight() const { return kind == Kind::Weight; }
};

class ParameterNames {
public:
  explicit ParameterNames(const Graph &graph);

  ParameterName find(const Tensor &initializer) const;
  /// Whether the file lists the author's parameters.
  bool isListed() const { return hasSignature; }

private:
  ParameterName identify(const Tensor &initializer) const;
  std::vector<std::string> findTied(llvm::StringRef initializer,
                                    llvm::StringRef name) const;
  void readSignature(const Graph &graph);
  void readConsumers(const Graph &graph);
  void readModules(const Graph &graph);
  /// What the author's path has before `traced`; nullopt if nothing tells.
  std::optional<std::string> modulePrefix(llvm::StringRef traced) const;

  /// "p_encoder_weight" and "encoder.weight" → "encoder.weight".
  llvm::StringMap<std::string> authors;
  /// What the signature lists that no checkpoint holds, by both names.
  llvm::StringSet<> constants;
  /// Author's names of parameters that some node or initializer stands for.
  llvm::StringSet<> seen;
  /// What the file says of an initializer's origin.
  struct Trace {
    std::vector<std::string> foldedFrom;
    std::vector<std::string> usedAs; ///< weights named by its consumers
    std::vector<std::string>
        tracedAs;                  ///< the same from the tracer's node names
    std::set<std::string> modules; ///< of its consumers
    bool onlyLinear = true; ///< each consumer was a linear layer's product
    bool isFused = false;   ///< the exporter multiplied a norm into it
  };
  llvm::StringMap<Trace> traces;
  /// For each run of components within a parameter's name, what stands before
  /// it: "decoder.fc" → {"model."} for "model.decoder.fc.bias".
  llvm::StringMap<std::set<std::string>> prefixes;
  /// Wherever the tracer's paths can be checked they are complete.
  bool tracedPathsComplete = false;
  bool hasSignature = false;
};

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_PARAMETERNAMES_H
