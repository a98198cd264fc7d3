//===- Steps.cpp - What steps read and write --------------------*- C++ -*-===//

#include "dialects/Rank/Rank.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

/// What an epilogue reads but the result that its call has just written.
static void appendReads(SmallVector<Value> &reads, OperandRange inputs,
                        Value result) {
  for (Value input : inputs)
    if (baseOf(input) != baseOf(result))
      reads.push_back(input);
}

SmallVector<Value> KernelOp::getReads() { return llvm::to_vector(getInputs()); }
SmallVector<Value> KernelOp::getWrites() {
  return llvm::to_vector(getOutputs());
}

SmallVector<Value> GemmOp::getReads() {
  SmallVector<Value> reads = {getA(), getB()};
  appendReads(reads, getEpilogueInputs(), getC());
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
  if (getDrop())
    reads.append({getCounters(), getStep()});
  return reads;
}
SmallVector<Value> AttentionOp::getWrites() {
  SmallVector<Value> writes = {getResult()};
  if (getLse())
    writes.push_back(getLse());
  if (getScratch())
    writes.push_back(getScratch());
  return writes;
}

SmallVector<Value> AttentionGradOp::getReads() {
  SmallVector<Value> reads = {getQuery(),      getKey(), getValue(),
                              getResultGrad(), getLse(), getDelta()};
  if (getMask())
    reads.push_back(getMask());
  if (getDrop())
    reads.append({getCounters(), getStep()});
  return reads;
}
SmallVector<Value> AttentionGradOp::getWrites() {
  SmallVector<Value> writes = {getQueryGrad(), getKeyGrad(), getValueGrad()};
  if (getScratch())
    writes.push_back(getScratch());
  return writes;
}

SmallVector<Value> ScatterAddOp::getReads() {
  return {getIndices(), getUpdates()};
}
SmallVector<Value> ScatterAddOp::getWrites() {
  SmallVector<Value> writes = {getResult()};
  if (getScratch())
    writes.push_back(getScratch());
  return writes;
}

SmallVector<Value> ConvOp::getReads() {
  SmallVector<Value> reads = {getInput(), getWeight()};
  appendReads(reads, getEpilogueInputs(), getResult());
  return reads;
}
SmallVector<Value> ConvOp::getWrites() {
  SmallVector<Value> writes = {getResult()};
  if (getScratch())
    writes.push_back(getScratch());
  llvm::append_range(writes, getEpilogueOutputs());
  return writes;
}

SmallVector<Value> CollectiveOp::getReads() {
  return llvm::to_vector(getInputs());
}
SmallVector<Value> CollectiveOp::getWrites() {
  return llvm::to_vector(getOutputs());
}
WaitOp CollectiveOp::getWait() {
  return getToken().hasOneUse() ? cast<WaitOp>(*getToken().user_begin())
                                : WaitOp();
}

// Up to here the collective has them.
CollectiveOp WaitOp::getCollective() {
  return getToken().getDefiningOp<CollectiveOp>();
}
SmallVector<Value> WaitOp::getReads() {
  CollectiveOp collective = getCollective();
  return collective ? collective.getReads() : SmallVector<Value>();
}
SmallVector<Value> WaitOp::getWrites() {
  CollectiveOp collective = getCollective();
  return collective ? collective.getWrites() : SmallVector<Value>();
}
