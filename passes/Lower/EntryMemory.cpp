//===- EntryMemory.cpp - The memory that an order needs ---------*- C++ -*-===//

#include "passes/Lower/EntryMemory.h"
#include "passes/Lower/ArenaLayout.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

EntryMemory::EntryMemory(ProgramOp program, const EntrySteps &entry)
    : used(entry.steps.size()) {
  if (entry.steps.empty())
    return;
  Operation *first = entry.steps.front().op;
  for (Operation &op : *program.getBody().begin()) {
    if (&op == first)
      break;
    begin += isa<StepOpInterface>(op);
  }
  int64_t end = begin;
  for (const Step &step : entry.steps)
    end += step.getCollective() ? 2 : 1;
  DenseSet<Value> outputs;
  for (PortOp port : program.getOps<PortOp>())
    if (port.getKind() != PortKind::Input)
      outputs.insert(baseOf(port.getBuffer()));
  DenseMap<Operation *, int64_t> numbers; // among the own
  for (const Lifetime &lifetime : computeLifetimes(program)) {
    if (lifetime.first >= end || lifetime.last < begin)
      continue; // of other entries
    given.push_back(lifetime);
    bool isOutput = outputs.contains(lifetime.buffer->getResult(0));
    if (lifetime.first < begin || (lifetime.last >= end && !isOutput))
      continue;
    numbers[lifetime.buffer] = own.size();
    own.push_back({static_cast<int64_t>(given.size()) - 1, isOutput});
  }
  for (auto [step, buffers] : llvm::zip_equal(entry.steps, used)) {
    auto interface = cast<StepOpInterface>(step.op);
    SmallVector<Value> values = interface.getReads();
    llvm::append_range(values, interface.getWrites());
    for (Value value : values)
      if (auto found = numbers.find(baseOf(value).getDefiningOp());
          found != numbers.end())
        buffers.push_back(found->second);
  }
}

SpaceBytes EntryMemory::layOut(ArrayRef<int64_t> touched) const {
  SmallVector<Lifetime> lifetimes = given;
  SmallVector<bool> isSeen(own.size(), false);
  for (auto [place, step] : llvm::enumerate(touched))
    for (int64_t buffer : used[step]) {
      Lifetime &lifetime = lifetimes[own[buffer].number];
      int64_t now = begin + static_cast<int64_t>(place);
      if (!isSeen[buffer])
        lifetime.first = now;
      if (!own[buffer].isOutput)
        lifetime.last = now;
      isSeen[buffer] = true;
    }
  return {layOutArena(lifetimes, Space::Arena).size,
          layOutArena(lifetimes, Space::Comm).size};
}
