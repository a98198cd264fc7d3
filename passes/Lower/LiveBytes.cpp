//===- LiveBytes.cpp - What an order of steps needs to live -----*- C++ -*-===//

#include "passes/Lower/LiveBytes.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

LiveBytes::LiveBytes(ProgramOp program, ArrayRef<Step> steps)
    : used(steps.size()) {
  DenseMap<Value, PortKind> ports;
  for (PortOp port : program.getOps<PortOp>())
    ports.try_emplace(baseOf(port.getBuffer()), port.getKind());
  DenseMap<Value, int64_t> numbers;
  for (auto [step, uses] : llvm::zip_equal(steps, used)) {
    auto interface = cast<StepOpInterface>(step.op);
    SmallVector<Value> values = interface.getReads();
    llvm::append_range(values, interface.getWrites());
    for (Value value : values) {
      Value base = baseOf(value);
      auto buffer = base.getDefiningOp<BufferOp>();
      auto port = ports.find(base);
      // Parameters and inputs live all the time.
      if (!buffer || (port != ports.end() && port->second == PortKind::Input))
        continue;
      auto [entry, isNew] = numbers.try_emplace(base, buffers.size());
      if (isNew)
        buffers.push_back(
            {bufferBytes(base), buffer.getSpace(), port != ports.end()});
      uses.push_back(entry->second);
    }
  }
}

PeakBytes LiveBytes::peakOf(ArrayRef<int64_t> order) const {
  SmallVector<int64_t> first(buffers.size(), -1), last(buffers.size());
  for (auto [place, number] : llvm::enumerate(order))
    for (int64_t buffer : used[number]) {
      if (first[buffer] < 0)
        first[buffer] = place;
      last[buffer] = place;
    }
  SmallVector<PeakBytes> change(order.size() + 1); // of what lives, by place
  auto bytesIn = [](PeakBytes &bytes, Space space) -> int64_t & {
    return space == Space::Comm ? bytes.comm : bytes.arena;
  };
  for (auto [number, buffer] : llvm::enumerate(buffers)) {
    bytesIn(change[first[number]], buffer.space) += buffer.bytes;
    if (!buffer.isOutput)
      bytesIn(change[last[number] + 1], buffer.space) -= buffer.bytes;
  }
  PeakBytes live, peak;
  for (const PeakBytes &now : change) {
    live.arena += now.arena;
    live.comm += now.comm;
    peak = peak.max(live);
  }
  return peak;
}
