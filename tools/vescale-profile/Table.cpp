//===- Table.cpp - A machine file for people ------------------------------===//

#include "tools/vescale-profile/Table.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace vescale;

static std::string bytesText(double bytes) {
  static constexpr StringRef units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit)
    bytes /= 1024;
  return formatv("{0:f1} {1}", bytes, units[unit]);
}

static std::string rateText(double perSecond, StringRef what) {
  static constexpr StringRef units[] = {"k", "M", "G", "T", "P"};
  size_t unit = 0;
  for (perSecond /= 1000; perSecond >= 1000 && unit + 1 < std::size(units);
       ++unit)
    perSecond /= 1000;
  return formatv("{0:f1} {1}{2}/s", perSecond, units[unit], what);
}

static std::string timeText(double us) {
  return us < 1000 ? formatv("{0:f1} us", us).str()
                   : formatv("{0:f2} ms", us / 1000).str();
}

void vescale::printTable(const Machine &machine, raw_ostream &os) {
  auto line = [&](StringRef name, const Twine &text) {
    os << formatv("{0,-20}", name) << text << "\n";
  };
  const Device &device = machine.device;
  line("cluster", Twine(machine.name) + ", devices: " + Twine(machine.devices));
  line("device", device.name + ", " + bytesText(device.memoryBytes) +
                     (device.threads ? ", threads: " + Twine(device.threads)
                                     : Twine("")));
  for (const auto &[type, flops] : device.peakFlops)
    line("products " + type, rateText(flops, "FLOP"));
  line("attention",
       formatv("{0:P0} of products' peak", device.attentionEfficiency).str());
  line("elementwise", rateText(device.vectorFlops, "FLOP"));
  line("memory", rateText(device.memoryBandwidth, "B"));
  if (device.cacheBytes)
    line("cache",
         bytesText(device.cacheBytes) + ", " +
             rateText(device.cacheBandwidth, "B") +
             (device.cacheKeepsUs > 0
                  ? ", lost to others in " + timeText(device.cacheKeepsUs)
                  : ""));
  if (device.productBandwidth > 0)
    line("memory of products", rateText(device.productBandwidth, "B"));
  if (device.epilogueBandwidth > 0)
    line("memory behind them", rateText(device.epilogueBandwidth, "B"));
  line("call", formatv("{0:f3} us", device.launchUs).str());
  if (machine.slowdown > 1)
    line("slowdown",
         formatv("{0:f3} in a job on all devices", machine.slowdown).str());
  for (const Level &level : machine.levels)
    line(level.name, "devices: " + Twine(level.devices) + ", " +
                         timeText(level.latencyUs) + ", " +
                         rateText(level.bandwidth / level.sharedBy, "B"));
  if (machine.levels.empty())
    return;
  os << "\n"
     << formatv("{0,-20}{1,8}{2,12}{3,12}{4,12}\n", "collective", "ranks",
                "4 KiB", "256 KiB", "16 MiB");
  for (auto [number, kind] : enumerate(collectiveNames())) {
    int64_t ranks = kind == "send" ? 2 : machine.devices;
    DeviceGroup group{{{ranks, 1}}};
    os << formatv("{0,-20}{1,8}", kind, ranks);
    for (int64_t bytes : {4 << 10, 256 << 10, 16 << 20})
      os << formatv("{0,12}", timeText(machine.collectiveTime(
                                  Collective(number), bytes, group)));
    os << "\n";
  }
}
