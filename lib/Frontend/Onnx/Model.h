//===- Model.h - An ONNX model as plain data --------------------*- C++ -*-===//
//
// What the importer sees of an ONNX file: plain structs, checked by the reader,
// free of protobuf. Bytes of large tensors stay in their files.
//
//===----------------------------------------------------------------------===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_MODEL_H
#define VESCALE_LIB_FRONTEND_ONNX_MODEL_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vescale::onnx {

/// Element types; the numbers are the file format's.
enum class ElementType : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  BFloat16 = 16,
};

/// The name that ONNX's documentation gives the type, e.g. "float16"; for types
/// not listed above "element type N".
std::string elementTypeName(ElementType type);

/// Bytes of one element, or 0 for types without a fixed whole number of bytes
/// (strings, sub-byte types) and types not listed above.
unsigned elementBytes(ElementType type);

/// Number of elements; nullopt if a dimension is negative or the product of the
/// dimensions overflows.
std::optional<uint64_t> elementCount(llvm::ArrayRef<int64_t> dims);

/// A part of a file.
struct FileRegion {
  std::string path; ///< as it can be opened
  std::string name; ///< relative to the model's directory
  uint64_t offset = 0;
  uint64_t length = 0;
};

using Metadata = std::vector<std::pair<std::string, std::string>>;

/// The value of `key`, or an empty string.
llvm::StringRef lookup(const Metadata &metadata, llvm::StringRef key);

struct Tensor {
  std::string name;
  ElementType type = ElementType::Undefined;
  llvm::SmallVector<int64_t, 4> dims;
  /// Little-endian elements, unless `region` says where they are.
  std::string bytes;
  std::optional<FileRegion> region;

  uint64_t numElements() const { return *elementCount(dims); }
  uint64_t numBytes() const { return numElements() * elementBytes(type); }
};

struct Graph;

enum class AttributeKind {
  Reference, ///< takes the value of the enclosing function's attribute
  Float,
  Int,
  String,
  Tensor,
  Graph,
  Floats,
  Ints,
  Strings,
  Other ///< a kind that no supported op has (sparse tensors, types, …)
};

struct Attribute {
  std::string name;
  AttributeKind kind = AttributeKind::Other;
  std::string reference;
  double f = 0;
  int64_t i = 0;
  std::string s;
  std::shared_ptr<const Tensor> tensor;
  std::shared_ptr<const Graph> graph;
  std::vector<double> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
};

struct Node {
  std::string name;
  std::string opType;
  std::string domain; ///< "ai.onnx" is spelt ""
  std::string overload;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<Attribute> attributes;
  Metadata metadata;
};

struct Dimension {
  int64_t size = -1; ///< -1: given by `parameter`, or unknown if that is empty
  std::string parameter;
};

struct ValueInfo {
  std::string name;
  bool isTensor = false;
  bool hasShape = false;
  ElementType type = ElementType::Undefined;
  std::vector<Dimension> dims;
  Metadata metadata;
};

struct Graph {
  std::string name;
  std::vector<Node> nodes;
  std::vector<std::shared_ptr<const Tensor>> initializers;
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  std::vector<ValueInfo> valueInfo;
  Metadata metadata;
};

using OpsetImports = std::map<std::string, int64_t>;

struct Function {
  std::string name;
  std::string domain;
  std::string overload;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<std::string> attributes;      ///< without default
  std::vector<Attribute> defaultAttributes; ///< with default
  std::vector<Node> nodes;
  OpsetImports opsets;
};

/// Domain, name, overload.
using FunctionKey = std::tuple<std::string, std::string, std::string>;

struct Model {
  std::string path; ///< as the user gave it
  int64_t irVersion = 0;
  std::string producer;
  OpsetImports opsets;
  Graph graph;
  std::map<FunctionKey, Function> functions;
};

/// "Conv 'node_7'", or "Conv (node 7)" where the node has no name.
std::string describeNode(const Node &node, size_t index);

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_MODEL_H
