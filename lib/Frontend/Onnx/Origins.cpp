//===- Origins.cpp - Where in the user's program a node comes from --------===//

#include "lib/Frontend/Onnx/Origins.h"

using llvm::StringRef;

namespace vescale::onnx {

/// Metadata is the file's; longer names only make messages unreadable.
static constexpr size_t maxNameBytes = 512;

StringRef parseNamespace(StringRef text) {
  // Parts "scope: class", outermost first; the last is the operation itself.
  StringRef module;
  while (true) {
    auto [part, rest] = text.split('/');
    if (part.size() == text.size())
      return module;
    auto [scope, kind] = part.split(": ");
    if (!scope.empty() && !kind.empty())
      module = scope;
    text = rest;
  }
}

std::pair<StringRef, unsigned> parseStackTrace(StringRef text) {
  std::pair<StringRef, unsigned> result;
  while (true) {
    text = text.split("File \"").second;
    if (text.empty())
      return result;
    auto [file, rest] = text.split("\", line ");
    unsigned line = 0;
    rest.consumeInteger(10, line);
    text = rest;
    bool isTorch =
        file.starts_with("torch/") || file.contains("site-packages/torch/");
    if (!isTorch && line > 0 && file.size() <= maxNameBytes &&
        !file.contains('\n'))
      result = {file, line};
  }
}

/// The tracer's node names are paths: "/encoder/layer.0/query/MatMul".
static std::string moduleOfTracedNode(StringRef name) {
  if (!name.consume_front("/"))
    return {};
  auto [path, node] = name.rsplit('/');
  if (node.empty())
    return {};
  std::string module = path.str();
  std::replace(module.begin(), module.end(), '/', '.');
  return module;
}

mlir::Location locateNode(mlir::MLIRContext *context, const Node &node,
                          size_t index) {
  Origin origin;
  origin.op = StringRef(node.opType).take_front(maxNameBytes);
  std::string name = node.name;
  if (name.empty())
    name = !node.outputs.empty() ? node.outputs.front()
                                 : "#" + std::to_string(index);
  origin.node = StringRef(name).take_front(maxNameBytes);
  std::string module = parseNamespace(lookup(node.metadata, "namespace")).str();
  if (module.empty())
    module = moduleOfTracedNode(node.name);
  origin.module = StringRef(module).take_front(maxNameBytes);
  std::tie(origin.file, origin.line) =
      parseStackTrace(lookup(node.metadata, "pkg.torch.onnx.stack_trace"));
  return makeLocation(context, origin);
}

} // namespace vescale::onnx
