//===- ComputeTime.cpp - How long one device computes ---------------------===//
//
// A product's time from measured ones, by its rate over its four sizes: the
// logarithm of the rate changes no faster than those of the sizes. (The rate
// may grow as fast as a size where the time stays, as that of few rows does,
// whose other operand is all there is to read.) Each sample s then bounds the
// rate of any product x,
//   from above:  rate_s · Π max(x_i / s_i, s_i / x_i),
//   from below:  rate_s / that,
// and the rate is the geometric mean of the least upper and the greatest lower
// bound: the mean of the two extensions of McShane and Whitney. It meets each
// sample that took no less than smaller ones, lies midway where samples
// contradict, and as both bounds do it has no jumps and lets no time fall where
// a size grows. Beyond the largest sample of a size the time is proportional to
// the size, below the smallest it stays.
//
//===----------------------------------------------------------------------===//

#include "lib/CostModel/MachineFields.h"
#include "vescale/CostModel/Machine.h"
#include "llvm/ADT/StringSwitch.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

using namespace llvm;
using namespace vescale;

int vescale::elementBytes(StringRef elementType) {
  return StringSwitch<int>(elementType)
      .Case("f64", 8)
      .Case("f32", 4)
      .Cases({"f16", "bf16"}, 2)
      .Cases({"f8E4M3FN", "f8E5M2"}, 1)
      .Default(0);
}

/// The four sizes of a product.
using Sizes = std::array<double, 4>;

static Sizes sizesOf(const GemmSample &sample) {
  return {double(sample.batch), double(sample.m), double(sample.n),
          double(sample.k)};
}

static double operations(const Sizes &sizes) {
  return 2 * sizes[0] * sizes[1] * sizes[2] * sizes[3];
}

static double interpolate(ArrayRef<GemmSample> samples, const Sizes &sizes) {
  Sizes low = sizesOf(samples.front()), high = low;
  for (const GemmSample &sample : samples)
    for (auto [i, size] : enumerate(sizesOf(sample))) {
      low[i] = std::min(low[i], size);
      high[i] = std::max(high[i], size);
    }
  Sizes inside;
  double beyond = 1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    inside[i] = std::clamp(sizes[i], low[i], high[i]);
    beyond *= std::max(1.0, sizes[i] / high[i]);
  }
  double above = std::numeric_limits<double>::infinity(), below = 0;
  for (const GemmSample &sample : samples) {
    Sizes measured = sizesOf(sample);
    double rate = operations(measured) / sample.us, distance = 1;
    for (size_t i = 0; i < sizes.size(); ++i)
      distance *= std::max(inside[i] / measured[i], measured[i] / inside[i]);
    above = std::min(above, rate * distance);
    below = std::max(below, rate / distance);
  }
  return operations(inside) / std::sqrt(above * below) * beyond;
}

bool Machine::computes(StringRef elementType) const {
  return device.peakFlops.count(elementType.str());
}

double Machine::gemmTime(StringRef elementType, int64_t batch, int64_t m,
                         int64_t n, int64_t k) const {
  if (batch <= 0 || m <= 0 || n <= 0 || k <= 0)
    return 0;
  std::string type = elementType.str();
  auto peak = device.peakFlops.find(type);
  if (peak == device.peakFlops.end())
    return std::numeric_limits<double>::infinity();
  Sizes sizes = {double(batch), double(m), double(n), double(k)};
  auto samples = device.gemms.find(type);
  if (samples != device.gemms.end() && !samples->second.empty())
    return slowdown * interpolate(samples->second, sizes);
  // The roofline: what computes, or what reads and writes each operand once.
  auto [b, rows, columns, depth] = sizes;
  double elements = b * (rows * depth + depth * columns + rows * columns);
  return slowdown * 1e6 *
         std::max(operations(sizes) / (peak->second * device.gemmEfficiency),
                  elements * elementBytes(type) / device.memoryBandwidth);
}

/// What fits into the cache moves at its bandwidth, what is twice as large or
/// more at the memory's; between the two time is a line.
static double moveSeconds(const Device &device, double bytes) {
  double cache = device.cacheBytes;
  if (bytes >= 2 * cache)
    return bytes / device.memoryBandwidth;
  if (bytes <= cache)
    return bytes / device.cacheBandwidth;
  double atOne = cache / device.cacheBandwidth;
  double atTwo = 2 * cache / device.memoryBandwidth;
  return atOne + (atTwo - atOne) * (bytes - cache) / cache;
}

double Machine::streamTime(double flops, double bytes) const {
  return slowdown * 1e6 *
         std::max(flops / device.vectorFlops, moveSeconds(device, bytes));
}
