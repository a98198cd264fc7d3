//===- Lifetime.cpp - How long buffers live ---------------------*- C++ -*-===//

#include "dialects/Rank/Rank.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

Value rank::baseOf(Value buffer) {
  while (auto reshape = buffer.getDefiningOp<ReshapeOp>())
    buffer = reshape.getBuffer();
  return buffer;
}

int64_t rank::bufferBytes(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  return type.getNumElements() *
         llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

SmallVector<Lifetime> rank::computeLifetimes(ProgramOp program) {
  SmallVector<Lifetime> lifetimes;
  DenseMap<Value, size_t> numbers;
  auto add = [&](Operation *op, int64_t bytes, int64_t first) {
    numbers[op->getResult(0)] = lifetimes.size();
    lifetimes.push_back({op, bytes, first, -1});
  };
  constexpr int64_t unseen = std::numeric_limits<int64_t>::max();
  for (Operation &op : *program.getBody().begin()) {
    if (auto buffer = dyn_cast<BufferOp>(op))
      add(&op, bufferBytes(buffer.getResult()), unseen);
    else if (auto parameter = dyn_cast<ParameterOp>(op))
      if (!parameter.getMapped())
        add(&op, bufferBytes(parameter.getResult()), -1);
  }
  int64_t step = 0;
  for (Operation &op : *program.getBody().begin()) {
    auto interface = dyn_cast<StepOpInterface>(op);
    if (!interface)
      continue;
    SmallVector<Value> used = interface.getReads();
    llvm::append_range(used, interface.getWrites());
    for (Value buffer : used) {
      auto found = numbers.find(baseOf(buffer));
      if (found == numbers.end())
        continue;
      Lifetime &lifetime = lifetimes[found->second];
      lifetime.first = std::min(lifetime.first, step);
      lifetime.last = std::max(lifetime.last, step);
    }
    ++step;
  }
  // Inputs stay, so that a program can be run again without loading them.
  for (PortOp port : program.getOps<PortOp>()) {
    auto found = numbers.find(baseOf(port.getBuffer()));
    if (found == numbers.end())
      continue;
    Lifetime &lifetime = lifetimes[found->second];
    lifetime.last = step;
    if (port.getKind() == PortKind::Input)
      lifetime.first = -1;
  }
  for (Lifetime &lifetime : lifetimes) {
    if (isa<ParameterOp>(lifetime.buffer))
      lifetime.last = step;
    if (lifetime.first == unseen)
      lifetime.first = lifetime.last = step;
  }
  return lifetimes;
}
