//===- WorkItem.cpp - What a rank does, and how long that takes -*- C++ -*-===//

#include "vescale/Simulator/WorkItem.h"
#include "vescale/Simulator/TaskGraph.h"
#include <algorithm>
#include <limits>

using namespace vescale;
using namespace vescale::simulator;

namespace {
/// How long each sort of work takes alone.
struct TimeAlone {
  const Machine &machine;

  double operator()(const Gemm &gemm) const {
    return machine.gemmTime(gemm.elementType, gemm.batch, gemm.m, gemm.n,
                            gemm.k);
  }
  double operator()(const Stream &stream) const {
    return machine.streamTime(stream.flops, stream.bytes);
  }
  double operator()(const FusedProducts &products) const {
    auto peak = machine.device.peakFlops.find(products.elementType);
    if (peak == machine.device.peakFlops.end())
      return std::numeric_limits<double>::infinity();
    double rate = peak->second * products.ofPeak / machine.slowdown;
    return std::max(products.flops / rate * 1e6,
                    machine.streamTime(0, products.bytes));
  }
  double operator()(const Exchange &exchange) const {
    return machine.collectiveTime(exchange.kind, exchange.bytes,
                                  exchange.group);
  }
};
} // namespace

WorkTime &WorkTime::operator+=(const WorkTime &other) {
  products += other.products;
  streams += other.streams;
  launches += other.launches;
  exposed += other.exposed;
  slowed += other.slowed;
  hidden += other.hidden;
  return *this;
}

double vescale::simulator::timeAlone(const WorkItem &item,
                                     const Machine &machine) {
  return std::visit(TimeAlone{machine}, item.what);
}

WorkTime vescale::simulator::timeOf(llvm::ArrayRef<WorkItem> items,
                                    const Machine &machine) {
  WorkTime time;
  double beside = 0;
  for (const WorkItem &item : items) {
    double us = timeAlone(item, machine);
    if (const auto *exchange = std::get_if<Exchange>(&item.what)) {
      (exchange->overlapped ? beside : time.exposed) += us;
      continue;
    }
    time.launches += machine.device.launchUs * machine.slowdown;
    (std::holds_alternative<Stream>(item.what) ? time.streams
                                               : time.products) += us;
  }
  // Both go on at their rates until one has ended.
  Contention rates(machine.overlap);
  double work = time.compute();
  double both = beside / rates.communication;
  if (rates.compute > 0)
    both = std::min(both, work / rates.compute);
  double exchanged = std::min(beside, both * rates.communication);
  time.hidden = exchanged;
  time.slowed = both * (1 - rates.compute);
  time.exposed += beside - exchanged;
  return time;
}
