//===- EntrySteps.cpp - The steps of an entry and their order ---*- C++ -*-===//

#include "passes/Lower/EntrySteps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

namespace {
/// What has touched a buffer so far.
struct Accesses {
  SmallVector<int64_t, 4> reads, writes;
};

void addDependences(EntrySteps &entry) {
  DenseMap<Value, Accesses> accesses;
  SmallVector<int64_t> checks;
  for (auto [index, step] : llvm::enumerate(entry.steps)) {
    int64_t number = index;
    llvm::SmallSetVector<int64_t, 8> before;
    if (!step.getCollective())
      before.insert_range(checks);
    auto interface = cast<StepOpInterface>(step.op);
    SmallVector<Value> reads = interface.getReads(),
                       writes = interface.getWrites();
    for (Value buffer : reads)
      before.insert_range(accesses[baseOf(buffer)].writes);
    for (Value buffer : writes) {
      before.insert_range(accesses[baseOf(buffer)].writes);
      before.insert_range(accesses[baseOf(buffer)].reads);
    }
    for (Value buffer : reads)
      accesses[baseOf(buffer)].reads.push_back(number);
    for (Value buffer : writes)
      accesses[baseOf(buffer)].writes.push_back(number);
    if (writes.empty())
      checks.push_back(number);
    before.remove(number);
    step.before.assign(before.begin(), before.end());
    for (int64_t other : before)
      entry.steps[other].behind.push_back(number);
  }
}

double product(ArrayRef<int64_t> sizes) {
  double all = 1;
  for (int64_t size : sizes)
    all *= size;
  return all;
}

/// Kernels count tenfold: they wait for memory, and have no unit of their own.
double costOf(Operation *work) {
  constexpr double scalar = 10;
  auto attention = [](ArrayRef<int64_t> sizes, int64_t products) {
    // Batch, heads, queries and keys, for each the query's size and the
    // value's.
    return product({sizes[0], sizes[1], sizes[3], sizes[4]}) *
           (sizes[5] + sizes[6]) * products;
  };
  return llvm::TypeSwitch<Operation *, double>(work)
      .Case([](GemmOp op) { return 2 * product(op.getSizes()); })
      .Case([&](AttentionOp op) { return attention(op.getSizes(), 2); })
      .Case([&](AttentionGradOp op) { return attention(op.getSizes(), 5); })
      .Case([](ConvOp op) {
        auto result = cast<MemRefType>(op.getResult().getType());
        auto weight = cast<MemRefType>(op.getWeight().getType());
        return 2 * product(result.getShape()) *
               product(weight.getShape().drop_front());
      })
      .Case([](ScatterAddOp op) {
        return scalar *
               product({op.getSizes()[0], op.getSizes()[1], op.getSizes()[3]});
      })
      .Case([](KernelOp op) {
        return scalar * product(op.getExtents()) * op.getFlops();
      })
      .Default(0.0);
}

int64_t wholeBytes(CollectiveOp collective) {
  int64_t bytes = 0;
  for (auto [input, output] :
       llvm::zip_equal(collective.getInputs(), collective.getOutputs()))
    bytes += std::max(bufferBytes(input), bufferBytes(output));
  return bytes;
}

/// What a rank sends at best.
double sentBytes(CollectiveOp collective, int64_t whole) {
  auto groups = collective->getParentOfType<ProgramOp>().getGroups();
  double ranks = cast<GroupAttr>(groups[collective.getGroup()]).getNumRanks();
  auto bytes = static_cast<double>(whole);
  if (collective.getKind() == CollectiveKind::Permute)
    return bytes;
  int64_t rounds = collective.getKind() == CollectiveKind::AllReduce ? 2 : 1;
  return rounds * bytes * (ranks - 1) / ranks;
}

void setTimes(EntrySteps &entry) {
  double work = 0, sent = 0;
  for (Step &step : entry.steps) {
    CollectiveOp collective = step.getCollective();
    step.bytes = collective ? wholeBytes(collective) : 0;
    step.time =
        collective ? sentBytes(collective, step.bytes) : costOf(step.op);
    (collective ? sent : work) += step.time;
  }
  for (Step &step : entry.steps)
    if (step.getCollective() && sent > 0)
      step.time *= work / sent;
}
} // namespace

SmallVector<EntrySteps> vescale::collectEntries(ProgramOp program) {
  SmallVector<EntrySteps> entries;
  for (Operation &op : program.getBody().front()) {
    if (entries.empty() || isa<EntryOp>(op))
      entries.emplace_back();
    if (!isa<StepOpInterface>(op))
      continue;
    entries.back().end = op.getNextNode();
    if (!isa<WaitOp>(op))
      entries.back().steps.push_back({&op, {}, {}});
  }
  for (EntrySteps &entry : entries) {
    addDependences(entry);
    setTimes(entry);
  }
  return entries;
}

SmallVector<double> vescale::workTimes(const EntrySteps &entry) {
  SmallVector<double> times;
  for (const Step &step : entry.steps)
    if (!step.getCollective())
      times.push_back(step.time);
  return times;
}
