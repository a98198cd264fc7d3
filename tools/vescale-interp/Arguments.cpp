//===- Arguments.cpp - A program's inputs and outputs as tensors *- C++ -*-===//

#include "tools/vescale-interp/Arguments.h"
#include "tools/vescale-interp/TensorFiles.h"
#include "vescale/Support/ElementType.h"

using namespace mlir;
using namespace vescale;

static std::string nameOf(Attribute name, const char *kind, unsigned index) {
  if (auto text = dyn_cast_or_null<StringAttr>(name))
    return text.str();
  return kind + std::to_string(index);
}

std::string vescale::argumentName(func::FuncOp function, unsigned index) {
  return nameOf(function.getArgAttr(index, graph::kNameAttr), "in", index);
}
std::string vescale::resultName(func::FuncOp function, unsigned index) {
  return nameOf(function.getResultAttr(index, graph::kNameAttr), "out", index);
}

static std::string text(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(shape, os, "x");
  return shape.empty() ? "scalar" : text;
}

FailureOr<std::vector<Tensor>>
vescale::readArguments(func::FuncOp function, const std::string &path,
                       const Arithmetic &arithmetic) {
  std::vector<FileTensor> file;
  std::string error;
  if (!readTensorFile(path, file, error))
    return function.emitError(error);
  std::vector<Tensor> arguments;
  for (unsigned index = 0; index < function.getNumArguments(); ++index) {
    std::string name = argumentName(function, index);
    auto found = llvm::find_if(file, [&](const FileTensor &tensor) {
      return tensor.name == name || (tensor.name.empty() && file.size() == 1);
    });
    if (found == file.end())
      return function.emitError("input \"") << name << "\" is not in " << path;
    RankedTensorType type = globalArgumentType(function, index);
    if (ArrayRef<int64_t>(found->shape) != type.getShape())
      return function.emitError("input \"")
             << name << "\" is " << text(type.getShape()) << ", but " << path
             << " has " << text(found->shape);
    if (found->dtype != abiType(type.getElementType()))
      return function.emitError("input \"")
             << name << "\" has elements of " << type.getElementType()
             << ", those in " << path << " are of another type";
    arguments.push_back(tensorFromBytes(type, found->bytes, arithmetic));
    file.erase(found);
  }
  if (!file.empty())
    return function.emitError("there is no input \"")
           << file.front().name << "\", which is in " << path;
  return arguments;
}

std::vector<Tensor> vescale::randomArguments(func::FuncOp function,
                                             uint64_t seed,
                                             const Arithmetic &arithmetic,
                                             int64_t range) {
  std::vector<Tensor> arguments;
  for (unsigned index = 0; index < function.getNumArguments(); ++index)
    arguments.push_back(randomTensor(globalArgumentType(function, index),
                                     argumentName(function, index), seed,
                                     arithmetic, range));
  return arguments;
}

LogicalResult vescale::writeResults(func::FuncOp function,
                                    const std::string &path,
                                    ArrayRef<Tensor> results,
                                    const Arithmetic &arithmetic) {
  std::vector<FileTensor> file;
  for (auto [index, tensor] : llvm::enumerate(results))
    file.push_back({resultName(function, index),
                    abiType(tensor.getElementType()), tensor.getShape().vec(),
                    bytesFromTensor(tensor, arithmetic)});
  std::string error;
  if (!writeTensorFile(path, file, error))
    return function.emitError(error);
  return success();
}
