//===- ModelTypes.cpp - Small queries on the plain ONNX model -------------===//

#include "lib/Frontend/Onnx/Model.h"
#include "llvm/Support/MathExtras.h"

namespace vescale::onnx {

std::string elementTypeName(ElementType type) {
  switch (type) {
  case ElementType::Undefined:
    return "undefined";
  case ElementType::Float:
    return "float";
  case ElementType::UInt8:
    return "uint8";
  case ElementType::Int8:
    return "int8";
  case ElementType::UInt16:
    return "uint16";
  case ElementType::Int16:
    return "int16";
  case ElementType::Int32:
    return "int32";
  case ElementType::Int64:
    return "int64";
  case ElementType::String:
    return "string";
  case ElementType::Bool:
    return "bool";
  case ElementType::Float16:
    return "float16";
  case ElementType::Double:
    return "double";
  case ElementType::UInt32:
    return "uint32";
  case ElementType::UInt64:
    return "uint64";
  case ElementType::BFloat16:
    return "bfloat16";
  }
  return "element type " + std::to_string(static_cast<int32_t>(type));
}

unsigned elementBytes(ElementType type) {
  switch (type) {
  case ElementType::UInt8:
  case ElementType::Int8:
  case ElementType::Bool:
    return 1;
  case ElementType::UInt16:
  case ElementType::Int16:
  case ElementType::Float16:
  case ElementType::BFloat16:
    return 2;
  case ElementType::Float:
  case ElementType::Int32:
  case ElementType::UInt32:
    return 4;
  case ElementType::Int64:
  case ElementType::UInt64:
  case ElementType::Double:
    return 8;
  case ElementType::Undefined:
  case ElementType::String:
    return 0;
  }
  return 0;
}

std::optional<uint64_t> elementCount(llvm::ArrayRef<int64_t> dims) {
  // A zero anywhere makes the tensor empty, but the other sizes must still be
  // sizes: the product of the non-zero ones is what must not overflow.
  int64_t product = 1;
  bool empty = false;
  for (int64_t dim : dims) {
    if (dim < 0)
      return std::nullopt;
    if (dim == 0)
      empty = true;
    else if (llvm::MulOverflow(product, dim, product))
      return std::nullopt;
  }
  return empty ? 0 : static_cast<uint64_t>(product);
}

llvm::StringRef lookup(const Metadata &metadata, llvm::StringRef key) {
  for (const auto &[name, value] : metadata)
    if (name == key)
      return value;
  return {};
}

std::string describeNode(const Node &node, size_t index) {
  std::string text = node.opType.empty() ? "node" : node.opType;
  if (node.name.empty())
    return text + " (node " + std::to_string(index) + ")";
  return text + " '" + node.name + "'";
}

} // namespace vescale::onnx
