//===- Parameters.cpp - Where the interpreter has parameters from ---------===//

#include "vescale/Interpreter/Parameters.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace vescale;

Tensor vescale::randomTensor(RankedTensorType type, StringRef name,
                             uint64_t seed, const Arithmetic &arithmetic,
                             int64_t range) {
  Random random(llvm::xxh3_64bits(name) ^ seed);
  Elements e(arithmetic, type.getElementType());
  Tensor tensor(type);
  for (int64_t i = 0; i < tensor.getNumElements(); ++i)
    tensor[i] = e.isFloat() ? e.random(random) : e.integer(random() % range);
  return tensor;
}

FailureOr<Tensor> Parameters::load(graph::ParameterOp op) {
  auto known = given.find(op.getName());
  if (known != given.end()) {
    RankedTensorType stored = op.getStoredType();
    if (known->second.getShape() != stored.getShape() ||
        known->second.getElementType() != stored.getElementType())
      return op.emitOpError("was given ")
             << RankedTensorType::get(known->second.getShape(),
                                      known->second.getElementType())
             << " for \"" << op.getName() << "\", which is " << stored;
    return known->second;
  }
  if (op.getInit())
    return tensorFromAttribute(op.getInitAttr(), arithmetic);
  // The name decides the shape: a parameter's identity never changes.
  if (op.getName() == lastName &&
      last.getShape() == op.getStoredType().getShape())
    return last;
  if (options.random || !op.getSource()) {
    if (!options.random)
      return op.emitOpError("needs data for \"")
             << op.getName() << "\": it has no source, and none was given";
    last = randomTensor(op.getStoredType(), op.getName(), options.seed,
                        arithmetic);
  } else {
    FailureOr<Tensor> loaded = loadSource(op);
    if (failed(loaded))
      return failure();
    last = std::move(*loaded);
  }
  lastName = op.getName().str();
  return last;
}

LogicalResult Parameters::store(graph::ParameterOp op, const Tensor &value) {
  FailureOr<Tensor> stored = load(op);
  if (failed(stored))
    return failure();
  SmallVector<int64_t> strides = op.getStrides();
  forEachIndex(op.getGlobalType().getShape(),
               [&](ArrayRef<int64_t> index, int64_t from) {
                 int64_t to = op.getOffset();
                 for (auto [position, stride] : llvm::zip_equal(index, strides))
                   to += position * stride;
                 (*stored)[to] = value[from];
               });
  give(op.getName(), std::move(*stored));
  return success();
}

FailureOr<Tensor> Parameters::loadSource(graph::ParameterOp op) {
  graph::SourceAttr source = op.getSourceAttr();
  SmallString<128> path(source.getFile());
  if (!llvm::sys::path::is_absolute(path)) {
    path = options.directory;
    llvm::sys::path::append(path, source.getFile());
  }
  uint64_t size = 0;
  if (std::error_code error = llvm::sys::fs::file_size(path, size))
    return op.emitOpError("cannot read \"")
           << path << "\": " << error.message();
  auto offset = static_cast<uint64_t>(source.getOffset());
  auto bytes = static_cast<uint64_t>(source.getBytes());
  if (offset > size || bytes > size - offset)
    return op.emitOpError("needs bytes ")
           << offset << " to " << offset + bytes << " of \"" << path
           << "\", which has " << size;
  auto buffer = llvm::MemoryBuffer::getFileSlice(path, bytes, offset);
  if (!buffer)
    return op.emitOpError("cannot read \"")
           << path << "\": " << buffer.getError().message();
  StringRef data = (*buffer)->getBuffer();
  return tensorFromBytes(source.getType(), {data.data(), data.size()},
                         arithmetic);
}
