//===- Reader.h - From an ONNX file to a checked model ----------*- C++ -*-===//
//
// Reads an ONNX file that may come from anyone: every size, offset, name and
// path in it is checked before use, in time linear in the file's size.
//
//===----------------------------------------------------------------------===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_READER_H
#define VESCALE_LIB_FRONTEND_ONNX_READER_H

#include "lib/Frontend/Onnx/Model.h"
#include "llvm/ADT/Twine.h"
#include <set>

namespace vescale::onnx {

inline constexpr int64_t minIrVersion = 8, maxIrVersion = 14;
inline constexpr int64_t minOpset = 13, maxOpset = 28;
/// Functions may call functions this deep.
inline constexpr unsigned maxCallDepth = 64;
/// Nodes after all functions have been expanded.
inline constexpr uint64_t maxExpandedNodes = uint64_t(1) << 20;
/// Bytes of a stored tensor; far above any machine, far below overflow.
inline constexpr uint64_t maxTensorBytes = uint64_t(1) << 46;
/// Elements of a computed one. A cluster never has some in memory, as the
/// scores of all heads and all samples of a step.
inline constexpr uint64_t maxResultElements = uint64_t(1) << 52;

/// Collects what is wrong with a file; every message starts with its name.
class Problems {
public:
  explicit Problems(llvm::StringRef file) : file(file) {}

  void add(const llvm::Twine &message);
  /// Adds `who` + `what` unless that is known of another: what is wrong with a
  /// file is wrong for all its tensors.
  void addOnce(const llvm::Twine &who, const llvm::Twine &what);
  bool any() const { return !messages.empty(); }
  llvm::ArrayRef<std::string> list() const { return messages; }

private:
  std::string file;
  std::vector<std::string> messages;
  std::set<std::string> shared;
  size_t dropped = 0;
};

/// Whether the files of external data must be there.
enum class DataFiles { Needed, Optional };

/// Reads and checks `path`. On failure `problems` says why.
std::optional<Model> readModel(llvm::StringRef path, DataFiles files,
                               Problems &problems);

/// As above from memory; `path` is where the model would be (for external data
/// and messages). Tensors then refer to no part of the model file itself.
std::optional<Model> readModel(llvm::StringRef path, llvm::StringRef contents,
                               Problems &problems);

/// The elements of `tensor`, wherever they are; nullopt if the file that holds
/// them can't be read any more.
std::optional<std::string> readBytes(const Tensor &tensor);

//===-- Parts of the reader ----------------------------------------------===//

/// Fills in the region of a tensor with external data: `entries` as the file
/// states them, for the model in `modelPath`. False after adding a problem.
bool resolveExternalData(Tensor &tensor, const Metadata &entries,
                         llvm::StringRef modelPath, DataFiles files,
                         Problems &problems);

/// Checks names, order, scopes, versions and calls of the whole model.
void checkModel(const Model &model, Problems &problems);

/// Where dense little-endian elements lie in a serialized model: the payloads
/// of `raw_data` and of packed floats and doubles, in the order of the file.
/// Stops at the first byte that makes no sense.
struct RawDataPosition {
  uint64_t offset, length;
};
std::vector<RawDataPosition> indexRawData(llvm::StringRef contents);

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_READER_H
