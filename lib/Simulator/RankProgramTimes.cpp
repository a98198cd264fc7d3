//===- RankProgramTimes.cpp - How long a step takes -------------*- C++ -*-===//
//
//   product    gemmTime + bytes from memory / productBandwidth
//                + epilogue's operations / vectorFlops
//                + epilogue's bytes from memory / epilogueBandwidth
//   attention  products / (peak · attentionEfficiency)
//                + other operations / vectorFlops
//                + bytes from memory / productBandwidth
//   vector     max(operations / vectorFlops, moved)
//
// each after one launch, with
//
//   moved = bytes from memory / memoryBandwidth
//             + bytes from the cache / cacheBandwidth.
//
// Products are timed with what they need in the cache. Where a file does not
// say what its absence adds, it hides: max(gemmTime, moved).
//
// A small kernel runs on fewer threads than its rank has, by the same rule as
// in the runtime, and has their part of operations and bandwidths.
//
//===----------------------------------------------------------------------===//

#include "lib/Simulator/RankProgramTimes.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;
using namespace vescale::simulator;

namespace {

constexpr double microseconds = 1e6;

double movedUs(const Traffic &traffic, const Device &device, double share) {
  double us = traffic.memoryBytes / (device.memoryBandwidth * share);
  if (traffic.cacheBytes > 0)
    us += traffic.cacheBytes / (device.cacheBandwidth * share);
  return us * microseconds;
}

/// The part of the rank's threads that a kernel runs on.
double threadShare(double flops, const Device &device) {
  // As runtime/kernels/Kernel.cpp: below that a second thread does not pay.
  constexpr double grainFlops = 32768;
  if (device.threads <= 1)
    return 1;
  auto threads = static_cast<double>(device.threads);
  return std::clamp(std::floor(flops / grainFlops), 1.0, threads) / threads;
}

std::string movedText(const Traffic &traffic) {
  return llvm::formatv("{0} B memory, {1} B cache",
                       int64_t(traffic.memoryBytes),
                       int64_t(traffic.cacheBytes))
      .str();
}

/// What bytes from memory add to products that were timed without; nothing
/// where the file does not say.
double fetchUs(const Traffic &traffic, const Device &device) {
  return device.productBandwidth > 0
             ? traffic.memoryBytes / device.productBandwidth * microseconds
             : 0;
}

/// Of what runs behind a product, on boxes of its result that are in the cache.
double epilogueUs(const StepWork &work, const Traffic &traffic,
                  const Device &device) {
  double flops = work.vectorFlops / device.vectorFlops * microseconds;
  if (device.epilogueBandwidth <= 0)
    return std::max(flops, movedUs(traffic, device, 1));
  double fetched =
      traffic.memoryBytes / device.epilogueBandwidth * microseconds;
  return fetched + std::max(flops, movedUs({0, traffic.cacheBytes}, device, 1));
}

StepTime productTime(const StepWork &work, const Traffic &traffic,
                     const Traffic &epilogueTraffic, const Machine &machine) {
  const Device &device = machine.device;
  // The slowdown is that of all of the step: timeOf().
  double product =
      machine.gemmTime(work.elementType, work.batch, work.m, work.n, work.k) /
      machine.slowdown;
  double all = device.productBandwidth > 0
                   ? product + fetchUs(traffic, device)
                   : std::max(product, movedUs(traffic, device, 1));
  return {all + epilogueUs(work, epilogueTraffic, device),
          llvm::formatv("{0} {1}x{2}x{3}x{4}, {5}; epilogue {6} flop, {7}",
                        work.elementType, work.batch, work.m, work.n, work.k,
                        movedText(traffic), int64_t(work.vectorFlops),
                        movedText(epilogueTraffic))
              .str()};
}

StepTime attentionTime(const StepWork &work, const Traffic &traffic,
                       const Machine &machine) {
  const Device &device = machine.device;
  double rate =
      device.peakFlops.at(work.elementType) * device.attentionEfficiency;
  return {(work.productFlops / rate + work.vectorFlops / device.vectorFlops) *
                  microseconds +
              fetchUs(traffic, device),
          llvm::formatv("{0} products {1} flop, others {2} flop, {3}",
                        work.elementType, int64_t(work.productFlops),
                        int64_t(work.vectorFlops), movedText(traffic))
              .str()};
}

StepTime vectorTime(const StepWork &work, const Traffic &traffic,
                    const Device &device) {
  double share = threadShare(work.vectorFlops, device);
  double flops = work.vectorFlops / (device.vectorFlops * share);
  return {std::max(flops * microseconds, movedUs(traffic, device, share)),
          llvm::formatv("{0} flop, {1}", int64_t(work.vectorFlops),
                        movedText(traffic))
              .str()};
}

GroupAttr groupOf(CollectiveOp op) {
  return cast<GroupAttr>(
      op->getParentOfType<ProgramOp>().getGroups()[op.getGroup()]);
}

/// Of all parts, each where it is larger.
int64_t largerBytes(CollectiveOp op) {
  int64_t bytes = 0;
  for (auto [input, output] : llvm::zip_equal(op.getInputs(), op.getOutputs()))
    bytes += std::max(bufferBytes(input), bufferBytes(output));
  return bytes;
}

Collective kindOf(CollectiveKind kind) {
  switch (kind) {
  case CollectiveKind::AllReduce:
    return Collective::AllReduce;
  case CollectiveKind::AllGather:
    return Collective::AllGather;
  case CollectiveKind::ReduceScatter:
    return Collective::ReduceScatter;
  case CollectiveKind::AllToAll:
    return Collective::AllToAll;
  case CollectiveKind::Permute:
    return Collective::Send;
  }
  llvm_unreachable("all kinds are handled");
}

} // namespace

StepTime simulator::timeOf(const StepWork &work, const Traffic &traffic,
                           const Traffic &epilogue, const Machine &machine) {
  StepTime time;
  switch (work.kind) {
  case StepWork::Kind::Product:
    time = productTime(work, traffic, epilogue, machine);
    break;
  case StepWork::Kind::Attention:
    time = attentionTime(work, traffic, machine);
    break;
  case StepWork::Kind::Vector:
    time = vectorTime(work, traffic, machine.device);
    break;
  case StepWork::Kind::Start:
  case StepWork::Kind::Wait:
    return time;
  }
  time.us = machine.slowdown * (time.us + machine.device.launchUs);
  return time;
}

StepTime simulator::transferTime(CollectiveOp op, const Machine &machine) {
  GroupAttr attr = groupOf(op);
  DeviceGroup group;
  for (auto [size, stride] :
       llvm::zip_equal(attr.getSizes(), attr.getStrides()))
    group.axes.push_back({size, stride});
  int64_t bytes = largerBytes(op), ranks = attr.getNumRanks();
  if (ranks == 1)
    return {0, "alone in its group"};
  // The machine counts all members' parts of it.
  if (op.getKind() == CollectiveKind::AllToAll)
    bytes *= ranks;
  return {machine.collectiveTime(kindOf(op.getKind()), bytes, group),
          llvm::formatv("{0} {1} B among {2}",
                        stringifyCollectiveKind(op.getKind()), bytes, ranks)
              .str()};
}

int64_t simulator::bytesToEach(CollectiveOp op) {
  int64_t ranks = groupOf(op).getNumRanks(), bytes = largerBytes(op);
  if (ranks == 1)
    return 0;
  switch (op.getKind()) {
  case CollectiveKind::AllReduce: // Parts to who adds them, and back.
    return 2 * llvm::divideCeil(bytes, ranks);
  case CollectiveKind::AllGather:
  case CollectiveKind::ReduceScatter:
  case CollectiveKind::AllToAll:
    return llvm::divideCeil(bytes, ranks);
  case CollectiveKind::Permute:
    return llvm::divideCeil(bytes, ranks - 1); // To one of them.
  }
  llvm_unreachable("all kinds are handled");
}

std::string simulator::findMissing(const StepWork &work,
                                   const Machine &machine) {
  if (work.elementType.empty() || machine.computes(work.elementType))
    return "";
  return "the machine file says nothing of products of " + work.elementType;
}
