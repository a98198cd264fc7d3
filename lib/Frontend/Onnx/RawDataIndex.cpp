//===- RawDataIndex.cpp - Where tensors lie inside an ONNX file -----------===//
//
// protobuf copies the bytes it parses; to leave weights in the model file we
// need their offsets. This walks the wire format along the fields that lead to
// dense tensor data (field numbers from onnx.proto) and nothing else:
//
//   Model.graph(7) | Model.functions(25) | Attribute.g(6) |
//   Attribute.graphs(11)
//     → node(1 in a graph, 7 in a function) → attribute(5) → t(5), tensors(10)
//     → initializer(5) → raw_data(9), float_data(4), double_data(10)
//
// The result is only ever used after comparing it with what protobuf read.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/Reader.h"

namespace vescale::onnx {
namespace {

enum class Message { Model, Function, Graph, Node, Attribute, Tensor };

/// Nesting below this is refused by protobuf's own limit.
constexpr unsigned maxNesting = 128;

class Walker {
public:
  explicit Walker(llvm::StringRef contents) : contents(contents) {}

  bool walk(Message message, uint64_t begin, uint64_t end, unsigned depth) {
    if (depth == maxNesting)
      return false;
    uint64_t at = begin;
    while (at < end) {
      uint64_t tag, length = 0;
      if (!varint(at, end, tag))
        return false;
      switch (tag & 7) {
      case 0:
        if (!varint(at, end, length))
          return false;
        continue;
      case 1:
        length = 8;
        break;
      case 5:
        length = 4;
        break;
      case 2:
        if (!varint(at, end, length))
          return false;
        break;
      default:
        return false;
      }
      if (length > end - at)
        return false;
      if ((tag & 7) == 2 &&
          !field(message, tag >> 3, at, at + length, depth + 1))
        return false;
      at += length;
    }
    return true;
  }

  std::vector<RawDataPosition> positions;

private:
  bool field(Message message, uint64_t number, uint64_t begin, uint64_t end,
             unsigned depth) {
    auto into = [&](Message next) { return walk(next, begin, end, depth); };
    switch (message) {
    case Message::Model:
      if (number == 7)
        return into(Message::Graph);
      return number != 25 || into(Message::Function);
    case Message::Function:
      return number != 7 || into(Message::Node);
    case Message::Graph:
      if (number == 1)
        return into(Message::Node);
      return number != 5 || into(Message::Tensor);
    case Message::Node:
      return number != 5 || into(Message::Attribute);
    case Message::Attribute:
      if (number == 5 || number == 10)
        return into(Message::Tensor);
      return (number != 6 && number != 11) || into(Message::Graph);
    case Message::Tensor:
      if (number == 9 || number == 4 || number == 10)
        positions.push_back({begin, end - begin});
      return true;
    }
    return true;
  }

  bool varint(uint64_t &at, uint64_t end, uint64_t &value) const {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
      uint8_t byte = contents[at++];
      value |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80)
        return true;
    }
    return false;
  }

  llvm::StringRef contents;
};

} // namespace

std::vector<RawDataPosition> indexRawData(llvm::StringRef contents) {
  Walker walker(contents);
  walker.walk(Message::Model, 0, contents.size(), 0);
  return std::move(walker.positions);
}

} // namespace vescale::onnx
