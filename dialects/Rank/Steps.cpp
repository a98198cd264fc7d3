//===- Steps.cpp - What steps read and write --------------------*- C++ -*-===//

#include "dialects/Rank/Rank.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

SmallVector<Value> KernelOp::getReads() {
  return llvm::to_vector(getInputs());
}
SmallVector<Value> KernelOp::getWrites() {
  return llvm::to_vector(getOutputs());
}

SmallVector<Value> GemmOp::getReads() {
  SmallVector<Value> reads = {getA(), getB()};
  llvm::append_range(reads, getEpilogueInputs());
  return reads;
}
SmallVector<Value> GemmOp::getWrites() {
  SmallVector<Value> writes = {getC()};
  if (getScratch())
    writes.push_back(getScratch());
  llvm::append_range(writes, getEpilogueOutputs());
  return writes;
}

SmallVector<Value> AttentionOp::getReads() {
  SmallVector<Value> reads = {getQuery(), getKey(), getValue()};
  if (getMask())
    reads.push_back(getMask());
  return reads;
}
SmallVector<Value> AttentionOp::getWrites() {
  SmallVector<Value> writes = {getResult()};
  if (getScratch())
    writes.push_back(getScratch());
  return writes;
}

SmallVector<Value> ConvOp::getReads() {
  SmallVector<Value> reads = {getInput(), getWeight()};
  llvm::append_range(reads, getEpilogueInputs());
  return reads;
}
SmallVector<Value> ConvOp::getWrites() {
  SmallVector<Value> writes = {getResult()};
  if (getScratch())
    writes.push_back(getScratch());
  llvm::append_range(writes, getEpilogueOutputs());
  return writes;
}

SmallVector<Value> CollectiveOp::getReads() { return {getInput()}; }
SmallVector<Value> CollectiveOp::getWrites() { return {getOutput()}; }
