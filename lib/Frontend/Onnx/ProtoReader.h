//===- ProtoReader.h - From protobuf messages to plain structs --*- C++ -*-===//

#ifndef VESCALE_LIB_FRONTEND_ONNX_PROTOREADER_H
#define VESCALE_LIB_FRONTEND_ONNX_PROTOREADER_H

#include "lib/Frontend/Onnx/Reader.h"
#include "onnx.pb.h"

namespace vescale::onnx {

/// Converts one model; problems are collected, so that a file with several
/// faults names them all.
class ProtoReader {
public:
  /// `contents` is the serialized model if it is the file at `path` itself, so
  /// that large tensors can refer to it; empty otherwise.
  ProtoReader(llvm::StringRef path, llvm::StringRef contents, DataFiles files,
              Problems &problems);

  Model convert(const ::onnx::ModelProto &proto);
  Function convert(const ::onnx::FunctionProto &proto);

private:
  std::shared_ptr<const Tensor> tensor(const ::onnx::TensorProto &proto,
                                       const llvm::Twine &owner);
  void fillBytes(Tensor &tensor, const ::onnx::TensorProto &proto,
                 const std::string &what);
  void refer(Tensor &tensor, std::string raw);
  Attribute attribute(const ::onnx::AttributeProto &proto,
                      const llvm::Twine &owner);
  Node node(const ::onnx::NodeProto &proto, size_t index);
  ValueInfo valueInfo(const ::onnx::ValueInfoProto &proto);
  Graph graph(const ::onnx::GraphProto &proto);

  std::string path;
  llvm::StringRef contents;
  DataFiles files;
  Problems &problems;
  /// Offsets of dense data in `contents` by their length, and the next to try.
  struct Positions {
    std::vector<uint64_t> offsets;
    size_t next = 0;
  };
  std::map<uint64_t, Positions> positions;
};

} // namespace vescale::onnx

#endif // VESCALE_LIB_FRONTEND_ONNX_PROTOREADER_H
