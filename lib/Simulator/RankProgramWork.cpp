//===- RankProgramWork.cpp - What the steps of a program do -----*- C++ -*-===//

#include "lib/Simulator/RankProgramWork.h"
#include "lib/Simulator/RankProgramKernel.h"
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

/// The library's strips of queries and of keys: within one all see each other.
constexpr int64_t strip = 16;

/// Pairs of a query and a key whose scores are computed, for one head.
double scoredPairs(ArrayRef<int64_t> sizes, bool causal, int64_t window) {
  int64_t queries = sizes[3], keys = sizes[4], diagonal = keys - queries;
  double pairs = 0;
  for (int64_t query = 0; query < queries; query += strip) {
    int64_t begin = 0, end = keys;
    if (causal)
      end = std::clamp<int64_t>(query + strip + diagonal, 0, keys);
    if (window > 0)
      begin = std::max<int64_t>(0, query + diagonal - window + 1);
    begin = begin / strip * strip;
    end = llvm::alignTo(end, strip);
    pairs += static_cast<double>(strip * std::max<int64_t>(0, end - begin));
  }
  return pairs;
}

/// `queryProducts` of a pair's dot products and sums have the query's size,
/// `valueProducts` the value's; `perPair` operations more than those.
template <typename Op>
StepWork attentionWork(Op op, int64_t queryProducts, int64_t valueProducts,
                       double perPair) {
  // A cap's hyperbolic tangent with its two products; a mask's comparison.
  constexpr double cap = 23, mask = 3;
  ArrayRef<int64_t> sizes = op.getSizes();
  StepWork work{op, StepWork::Kind::Attention, elementName(op.getQuery())};
  double pairs = product({sizes[0], sizes[1]}) *
                 scoredPairs(sizes, op.getCausal(), op.getWindow());
  auto width = [](int64_t size) {
    return static_cast<double>(llvm::alignTo(size, strip));
  };
  work.productFlops = 2 * pairs *
                      (static_cast<double>(queryProducts) * width(sizes[5]) +
                       static_cast<double>(valueProducts) * width(sizes[6]));
  if (!op.getSoftcap().isZero())
    perPair += cap;
  if (op.getMask())
    perPair += mask;
  work.vectorFlops = pairs * perPair;
  auto touch = [&](Value buffer, int64_t heads, int64_t rows, int64_t columns) {
    work.accesses.push_back(
        {buffer,
         std::min(sizes[0] * heads * rows * columns * elementBytes(buffer),
                  bufferBytes(buffer))});
  };
  touch(op.getQuery(), sizes[1], sizes[3], sizes[5]);
  touch(op.getKey(), sizes[2], sizes[4], sizes[5]);
  touch(op.getValue(), sizes[2], sizes[4], sizes[6]);
  if (op.getMask())
    appendWhole(work, op.getMask());
  return work;
}

StepWork attentionWork(AttentionOp op) {
  // The largest score; its difference, an exponential and their sum.
  StepWork work = attentionWork(op, 1, 1, 3 + 24);
  ArrayRef<int64_t> sizes = op.getSizes();
  work.accesses.push_back(
      {op.getResult(), std::min(sizes[0] * sizes[1] * sizes[3] * sizes[6] *
                                    elementBytes(op.getResult()),
                                bufferBytes(op.getResult()))});
  return work;
}

StepWork attentionWork(AttentionGradOp op) {
  // A weight, and the gradient of its score; what is copied and added up again
  // for each block of queries.
  StepWork work = attentionWork(op, 3, 2, 24 + 6 + 8);
  ArrayRef<int64_t> sizes = op.getSizes();
  auto touch = [&](Value buffer, int64_t elements) {
    work.accesses.push_back(
        {buffer, std::min(sizes[0] * elements * elementBytes(buffer),
                          bufferBytes(buffer))});
  };
  touch(op.getResultGrad(), sizes[1] * sizes[3] * sizes[6]);
  touch(op.getQueryGrad(), sizes[1] * sizes[3] * sizes[5]);
  touch(op.getKeyGrad(), sizes[2] * sizes[4] * sizes[5]);
  touch(op.getValueGrad(), sizes[2] * sizes[4] * sizes[6]);
  return work;
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
