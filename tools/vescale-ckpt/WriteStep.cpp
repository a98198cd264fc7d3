// Runs the save's protocol for all ranks, one after the other.
#include "tools/vescale-ckpt/WriteStep.h"

#include "runtime/checkpoint/Files.h"
#include "runtime/checkpoint/Identity.h"
#include "runtime/core/Error.h"
#include "runtime/core/Executor.h"
#include "tools/vescale-ckpt/Meter.h"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

using namespace vescale::runtime;

namespace vescale::ckpt {

void writeStep(const Arguments &arguments, const ChunkPlan &plan,
               const Manifest &manifest, const std::string &bundle,
               Progress progress, const FillRank &fill) {
  FileOps &ops = systemFiles();
  std::string saveDir = arguments.output;
  while (saveDir.size() > 1 && saveDir.back() == '/')
    saveDir.pop_back();
  std::string step = cat(saveDir, "/", stepName(progress.step));
  std::vector<int64_t> there = committedSteps(ops, saveDir);
  if (std::count(there.begin(), there.end(), progress.step))
    fail(ExitCode::BadInput, "'", step,
         "' is there already; remove it or choose another -o");
  identify(progress, manifest, bundle);
  makeDirectories(ops, saveDir);
  auto now = std::chrono::system_clock::now().time_since_epoch().count();
  Attempt attempt{saveDir, progress.step,
                  static_cast<uint64_t>(now) ^ static_cast<uint64_t>(getpid()),
                  0};
  int64_t most = 0, total = 0;
  for (const RankFile &file : plan.files) {
    most = std::max(most, file.bytes);
    total += file.dataBytes();
  }
  {
    Meter meter("writing", total);
    openAttempt(ops, attempt);
    Arena image(most);
    for (size_t rank = 0; rank < plan.files.size(); ++rank) {
      fill(static_cast<int>(rank), image.data());
      writeRank(ops, attempt, plan, static_cast<int>(rank), image.data(), {});
      meter.add(plan.files[rank].dataBytes());
    }
    commitAttempt(ops, attempt, plan, progress, {});
  }
  if (arguments.json)
    std::printf("%s\n", nlohmann::ordered_json({{"path", step},
                                                {"step", progress.step},
                                                {"mesh", manifest.mesh.text()},
                                                {"data_bytes", total}})
                            .dump()
                            .c_str());
  else
    std::printf("%s\n", step.c_str());
}

Manifest trainingManifest(const std::string &bundle) {
  Manifest manifest = readManifest(bundle + "/manifest.json");
  for (const Parameter &parameter : manifest.parameters)
    if (parameter.isState() && manifest.train)
      return manifest;
  fail(ExitCode::BadInput, "the bundle '", bundle,
       "' is of a program that keeps no state; compile the model with --train");
}

} // namespace vescale::ckpt
