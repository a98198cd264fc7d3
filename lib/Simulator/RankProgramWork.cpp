//===- RankProgramWork.cpp - What the steps of a program do -----*- C++ -*-===//

#include "lib/Simulator/RankProgramWork.h"
#include "lib/Simulator/RankProgramKernel.h"
#include "runtime/kernels/AttentionWork.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;
using namespace vescale::simulator;

namespace {

double product(ArrayRef<int64_t> sizes) {
  double all = 1;
  for (int64_t size : sizes)
    all *= static_cast<double>(size);
  return all;
}

std::string elementName(Value buffer) {
  std::string name;
  llvm::raw_string_ostream(name)
      << cast<MemRefType>(buffer.getType()).getElementType();
  return name;
}

int64_t elementBytes(Value buffer) {
  return llvm::divideCeil(
      cast<MemRefType>(buffer.getType()).getElementTypeBitWidth(), 8);
}

/// Adds a kernel's operations and what it touches of each of its buffers: all
/// of it, or what it reads element by element where that is less, as of a table
/// of rows.
void addKernel(StepWork &work, std::vector<Access> &accesses,
               FlatSymbolRefAttr symbol, double points, ValueRange buffers,
               Value inCache = {}) {
  auto func = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      work.op->getParentOfType<ModuleOp>(), symbol);
  KernelWork kernel = kernelWork(func, buffers.size());
  work.vectorFlops += points * kernel.ops;
  for (auto [buffer, touched] : llvm::zip_equal(buffers, kernel.touched)) {
    if (inCache && baseOf(buffer) == baseOf(inCache))
      continue;
    double bytes = touched * points * static_cast<double>(elementBytes(buffer));
    auto whole = static_cast<double>(bufferBytes(buffer));
    accesses.push_back({buffer, static_cast<int64_t>(std::min(whole, bytes))});
  }
}

void appendWhole(StepWork &work, ValueRange buffers) {
  for (Value buffer : buffers)
    work.accesses.push_back({buffer, bufferBytes(buffer)});
}

/// What runs on the finished boxes of a result, which are in the cache.
template <typename Op>
void addEpilogue(StepWork &work, Op op, Value result, double points) {
  if (!op.getEpilogue())
    return;
  SmallVector<Value> buffers(op.getEpilogueInputs());
  llvm::append_range(buffers, op.getEpilogueOutputs());
  addKernel(work, work.epilogueAccesses, op.getEpilogueAttr(), points, buffers,
            result);
}

StepWork vectorWork(KernelOp op) {
  StepWork work{op, StepWork::Kind::Vector};
  SmallVector<Value> buffers(op.getInputs());
  llvm::append_range(buffers, op.getOutputs());
  addKernel(work, work.accesses, op.getKernelAttr(), product(op.getExtents()),
            buffers);
  return work;
}

StepWork gemmWork(GemmOp op) {
  ArrayRef<int64_t> sizes = op.getSizes();
  StepWork work{op, StepWork::Kind::Product, elementName(op.getA())};
  work.batch = sizes[0] * sizes[1];
  work.m = sizes[2];
  work.n = sizes[3];
  work.k = sizes[4];
  auto touch = [&](Value buffer, int64_t rows, int64_t columns) {
    int64_t bytes = work.batch * rows * columns * elementBytes(buffer);
    work.accesses.push_back({buffer, std::min(bytes, bufferBytes(buffer))});
  };
  touch(op.getA(), work.m, work.k);
  touch(op.getB(), work.k, work.n);
  touch(op.getC(), work.m, work.n);
  addEpilogue(work, op, op.getC(), product({work.batch, work.m, work.n}));
  return work;
}

template <typename Op> runtime::AttentionShape shapeOf(Op op) {
  ArrayRef<int64_t> sizes = op.getSizes();
  return {sizes[0],           sizes[1],
          sizes[3],           sizes[4],
          sizes[5],           sizes[6],
          op.getCausal(),     static_cast<int64_t>(op.getWindow()),
          bool(op.getMask()), !op.getSoftcap().isZero()};
}

/// Of either op; buffers with the elements that are touched in one sample.
template <typename Op>
StepWork attentionWork(Op op, runtime::AttentionWork sums,
                       ArrayRef<std::pair<Value, int64_t>> buffers) {
  StepWork work{op, StepWork::Kind::Attention, elementName(op.getQuery())};
  work.productFlops = sums.products;
  work.vectorFlops = sums.others;
  for (auto [buffer, elements] : buffers)
    work.accesses.push_back(
        {buffer, std::min(op.getSizes()[0] * elements * elementBytes(buffer),
                          bufferBytes(buffer))});
  if (op.getMask())
    appendWhole(work, op.getMask());
  return work;
}

StepWork attentionWork(AttentionOp op) {
  ArrayRef<int64_t> sizes = op.getSizes();
  return attentionWork(op, runtime::attentionWork(shapeOf(op)),
                       {{op.getQuery(), sizes[1] * sizes[3] * sizes[5]},
                        {op.getKey(), sizes[2] * sizes[4] * sizes[5]},
                        {op.getValue(), sizes[2] * sizes[4] * sizes[6]},
                        {op.getResult(), sizes[1] * sizes[3] * sizes[6]}});
}

StepWork attentionWork(AttentionGradOp op) {
  ArrayRef<int64_t> sizes = op.getSizes();
  return attentionWork(op, runtime::attentionGradWork(shapeOf(op)),
                       {{op.getQuery(), sizes[1] * sizes[3] * sizes[5]},
                        {op.getKey(), sizes[2] * sizes[4] * sizes[5]},
                        {op.getValue(), sizes[2] * sizes[4] * sizes[6]},
                        {op.getResultGrad(), sizes[1] * sizes[3] * sizes[6]},
                        {op.getQueryGrad(), sizes[1] * sizes[3] * sizes[5]},
                        {op.getKeyGrad(), sizes[2] * sizes[4] * sizes[5]},
                        {op.getValueGrad(), sizes[2] * sizes[4] * sizes[6]}});
}

/// The sum of a load, an addition and a store for each update.
StepWork scatterAddWork(ScatterAddOp op) {
  constexpr double perUpdate = 4;
  ArrayRef<int64_t> sizes = op.getSizes();
  StepWork work{op, StepWork::Kind::Vector};
  work.vectorFlops = perUpdate * product({sizes[0], sizes[1], sizes[3]}) +
                     product({sizes[0], sizes[2], sizes[3]});
  appendWhole(work, {op.getIndices(), op.getUpdates(), op.getResult()});
  return work;
}

/// For each image and group a product of the weights with the windows.
StepWork convWork(ConvOp op) {
  auto result = cast<MemRefType>(op.getResult().getType());
  auto weight = cast<MemRefType>(op.getWeight().getType());
  auto groups = static_cast<int64_t>(op.getGroups());
  StepWork work{op, StepWork::Kind::Product, elementName(op.getInput())};
  work.batch = result.getDimSize(0) * groups;
  work.m = result.getDimSize(1) / groups;
  work.n = ShapedType::getNumElements(result.getShape().drop_front(2));
  work.k = ShapedType::getNumElements(weight.getShape().drop_front());
  appendWhole(work, {op.getInput(), op.getWeight(), op.getResult()});
  addEpilogue(work, op, op.getResult(), product(result.getShape()));
  return work;
}

} // namespace

StepWork simulator::workOf(Operation *step) {
  return llvm::TypeSwitch<Operation *, StepWork>(step)
      .Case([](KernelOp op) { return vectorWork(op); })
      .Case([](GemmOp op) { return gemmWork(op); })
      .Case([](AttentionOp op) { return attentionWork(op); })
      .Case([](AttentionGradOp op) { return attentionWork(op); })
      .Case([](ScatterAddOp op) { return scatterAddWork(op); })
      .Case([](ConvOp op) { return convWork(op); })
      .Case([](CollectiveOp op) {
        StepWork work{op, StepWork::Kind::Start};
        SmallVector<Value> buffers(op.getInputs());
        llvm::append_range(buffers, op.getOutputs());
        appendWhole(work, buffers);
        return work;
      })
      .Case([](WaitOp op) { return StepWork{op, StepWork::Kind::Wait}; });
}
