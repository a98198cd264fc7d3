//===- ParameterNames.h - The author's names of parameters -------*- C++
//-*-===//
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
#include <set>

namespace vescale::onnx {

struct ParameterName {
  std::string name;
  /// The author's name, not one that the exporter made up.
  bool isAuthors = false;
  /// The file holds the transpose of the author's matrix.
  bool isTransposed = false;
  /// A weight or buffer of the author's module, as opposed to a constant.
  bool isParameter = false;
};

class ParameterNames {
public:
  explicit ParameterNames(const Graph &graph);

  ParameterName find(const Tensor &initializer) const;

private:
  void readSignature(const Graph &graph);
  void readConsumers(const Graph &graph);
  void readModules(const Graph &graph);
  /// What the author's path has before `traced`; nullopt if nothing tells.
  std::optional<std::string> modulePrefix(llvm::StringRef traced) const;

  /// "p_encoder_weight" and "encoder.weight" → "encoder.weight".
  llvm::StringMap<std::string> authors;
  /// What the file says of an initializer's origin.
  struct Trace {
    std::vector<std::string> foldedFrom;
    std::vector<std::string> usedAs; ///< weights named by its consumers
    std::vector<std::string>
        tracedAs;           ///< the same from the tracer's node names
    bool onlyLinear = true; ///< each consumer was a linear layer's product
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
