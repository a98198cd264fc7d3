//===- MachinePresets.cpp - Well-known clusters, with sources -------------===//

#include "lib/CostModel/MachinePresets.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace llvm;
using namespace vescale;

namespace {

/// One generation of DGX clusters. Rates per second, of one GPU.
struct Preset {
  StringLiteral name;
  StringLiteral gpu, gpuSource;
  double memoryBytes, memoryBandwidth;
  double f64, f32, half, f8; ///< Dense products; f8 0: there is none.
  double vectorFlops;
  double gemmEfficiency;
  StringLiteral gemmSource;
  double nodeBandwidth;
  StringLiteral nodeSource;
  double railBandwidth;
  StringLiteral railSource;
  int64_t podNodes;
  StringLiteral podSource;
  /// Of a job on one node, and what each doubling of nodes adds to it.
  double slowdown;
  StringLiteral slowdownSource;
};

constexpr int64_t kNode = 8;

constexpr StringLiteral kMamf = "GEMM efficiency: S. Bekman, Machine Learning "
                                "Engineering, table of maximum "
                                "achievable matmul FLOPS, BF16: ";

constexpr Preset kPresets[] = {
    {
        "dgx-a100",
        "NVIDIA A100 SXM4 80GB",
        "GPU: NVIDIA A100 data sheet: 80 GB HBM2e at 2,039 GB/s; dense tensor "
        "TFLOPS 312 BF16/FP16, 156 TF32 (as f32), 19.5 FP64; 19.5 FP32 vector",
        80e9,
        2039e9, //
        19.5e12,
        156e12,
        312e12,
        0,       //
        19.5e12, //
        0.869,
        "271.2 of 312 (A100 SXM)",
        240e9,
        "node: NVLink 3, 12 links a GPU; 20 GB/s a link one way in collectives "
        "(NCCL, src/graph/topo.h, SM80_NVLINK_BW)",
        24e9,
        "rail: one HDR 200 Gb/s InfiniBand adapter a GPU (DGX A100 data "
        "sheet); all_reduce reaches 96 % of line rate (NVIDIA/nccl-tests issue "
        "119: 96 of 100 GB/s)",
        20,
        "pod: scalable unit of 20 nodes, full fat tree, rail-optimized (NVIDIA "
        "DGX SuperPOD with DGX A100, RA-09950-001)",
        1.178,
        "fitted to Megatron-LM's 175B steps on 256 and 12,288 A100 (Jiang et "
        "al. 2024, table 2)",
    },
    {
        "dgx-h100",
        "NVIDIA H100 SXM5 80GB",
        "GPU: NVIDIA H100 data sheet: 80 GB HBM3 at 3.35 TB/s; dense tensor "
        "TFLOPS 989.4 BF16/FP16, 494.7 TF32 (as f32), 66.9 FP64, 1,978.9 FP8; "
        "66.9 FP32 vector",
        80e9,
        3350e9, //
        66.9e12,
        494.7e12,
        989.4e12,
        1978.9e12, //
        66.9e12,   //
        0.803,
        "794.5 of 989 (H100 SXM)",
        370.8e9,
        "node: NVLink 4, 18 links a GPU; 20.6 GB/s a link one way in "
        "collectives (NCCL, src/graph/topo.h, SM90_NVLINK_BW)",
        42.5e9,
        "rail: one NDR 400 Gb/s InfiniBand adapter a GPU (DGX H100 data "
        "sheet); 340 GB/s a node on 256 GPUs (NVIDIA/nccl issue 1218)",
        32,
        "pod: scalable unit of 32 nodes, full fat tree, rail-optimized (NVIDIA "
        "DGX SuperPOD with DGX H100, RA-11333-001)",
        1.129,
        "fitted to LLaMA-3 405B's utilization on 8,192 H100 (Dubey et al. "
        "2024, table 4), with the growth fitted to A100",
    },
    {
        "dgx-h200",
        "NVIDIA H200 SXM5 141GB",
        "GPU: NVIDIA H200 data sheet: 141 GB HBM3e at 4.8 TB/s; products and "
        "vectors as H100",
        141e9,
        4800e9, //
        66.9e12,
        494.7e12,
        989.4e12,
        1978.9e12, //
        66.9e12,   //
        0.803,
        "794.5 of 989 (H100 SXM; \"H200 is the same\")",
        370.8e9,
        "node: NVLink 4, 18 links a GPU; 20.6 GB/s a link one way in "
        "collectives (NCCL, src/graph/topo.h, SM90_NVLINK_BW)",
        42.5e9,
        "rail: one NDR 400 Gb/s InfiniBand adapter a GPU (DGX H200 data "
        "sheet); 340 GB/s a node on 256 H100 (NVIDIA/nccl issue 1218)",
        32,
        "pod: scalable unit of 32 nodes, full fat tree, rail-optimized (NVIDIA "
        "DGX SuperPOD with DGX H200)",
        1.129,
        "taken over from dgx-h100, where it was fitted",
    },
};

/// NCCL 2.2x, src/graph/tuning.cc: hwLat of Tree with protocol Simple.
constexpr double kNodeLatencyUs = 4, kRailLatencyUs = 14;
constexpr StringLiteral kLatencySource =
    "latencies: NCCL, src/graph/tuning.cc, hwLat, Tree/Simple: 4 us over "
    "NVLink, 14 us over the network";

/// 3.8 us from kernel to kernel of 2.9 us each.
constexpr double kLaunchUs = 0.9;
constexpr StringLiteral kLaunchSource =
    "launch: NVIDIA technical blog, Getting Started with CUDA Graphs: kernels "
    "of 2.9 us follow each other every 3.8 us";

constexpr double kOverlap = 1.1256;
constexpr StringLiteral kOverlapSource =
    "overlap: Hetu-Galvatron (commit cea12ffb), overlap_coefficient.json, "
    "measured on A100";

/// Fitted to Megatron-LM's 175B steps: docs/Design/simulator.md.
constexpr double kSlowdownGrowth = 0.0246;

} // namespace

static Machine makeCluster(const Preset &preset, int64_t devices) {
  Machine machine;
  machine.name = (preset.name + ":" + Twine(devices)).str();
  machine.sources = {preset.gpuSource.str(), (kMamf + preset.gemmSource).str(),
                     preset.nodeSource.str()};
  machine.devices = devices;
  Device &device = machine.device;
  device.name = preset.gpu.str();
  device.memoryBytes = int64_t(preset.memoryBytes);
  device.peakFlops = {{"f64", preset.f64},
                      {"f32", preset.f32},
                      {"f16", preset.half},
                      {"bf16", preset.half}};
  if (preset.f8)
    for (const char *type : {"f8E4M3FN", "f8E5M2"})
      device.peakFlops[type] = preset.f8;
  device.gemmEfficiency = preset.gemmEfficiency;
  device.vectorFlops = preset.vectorFlops;
  device.memoryBandwidth = preset.memoryBandwidth;
  device.launchUs = kLaunchUs;
  machine.overlap.compute = machine.overlap.communication = kOverlap;

  const Level around[] = {
      {"node", kNode, kNodeLatencyUs, preset.nodeBandwidth},
      {"pod", preset.podNodes * kNode, kRailLatencyUs, preset.railBandwidth},
      {"cluster", devices, kRailLatencyUs, preset.railBandwidth}};
  int64_t held = 1;
  for (Level level : around)
    if (devices > held) {
      level.devices = held = std::min(devices, level.devices);
      machine.levels.push_back(level);
    }
  if (devices > kNode)
    machine.sources.insert(machine.sources.end(),
                           {preset.railSource.str(), preset.podSource.str()});
  for (StringRef source : {kLatencySource, kLaunchSource, kOverlapSource})
    machine.sources.push_back(source.str());
  double nodes = std::max(1.0, static_cast<double>(devices) / kNode);
  machine.slowdown = preset.slowdown * (1 + kSlowdownGrowth * std::log2(nodes));
  machine.sources.push_back(
      formatv("slowdown: {0:f3} * (1 + {1:f4} * log2(nodes)), {2}",
              preset.slowdown, kSlowdownGrowth, preset.slowdownSource));
  return machine;
}

std::vector<std::string> vescale::presetNames() {
  std::vector<std::string> names;
  for (const Preset &preset : kPresets)
    names.push_back(preset.name.str());
  return names;
}

bool vescale::isPreset(StringRef text) {
  StringRef name = text.split(':').first;
  return any_of(kPresets,
                [&](const Preset &preset) { return preset.name == name; });
}

Expected<Machine> vescale::makePreset(StringRef text) {
  auto [name, number] = text.split(':');
  const Preset *preset =
      find_if(kPresets, [&, name = name](auto &p) { return p.name == name; });
  auto error = [&, name = name](const Twine &what) {
    return createStringError(errc::invalid_argument, "'" + text + "': " + what +
                                                         "; for example " +
                                                         name + ":64");
  };
  int64_t devices;
  if (number.getAsInteger(10, devices) || devices < 1 || devices > 1 << 20)
    return error("a preset needs its number of devices, 1 to 1048576");
  if (devices > kNode && devices % kNode)
    return error(Twine(devices) + " devices are no whole number of nodes of " +
                 Twine(kNode));
  return makeCluster(*preset, devices);
}
