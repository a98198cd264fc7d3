//===- RunCompiled.cpp - Runs a loaded program in this process --*- C++ -*-===//

#include "RunCompiled.h"
#include "runtime/core/Error.h"
#include "runtime/core/Executor.h"
#include "runtime/core/Parameters.h"
#include "runtime/core/Ports.h"
#include "runtime/core/Threads.h"
#include "runtime/transport/Inproc.h"
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

using namespace vescale::test;
using namespace vescale::runtime;

namespace {
/// Another rank failed.
struct Left {};

class Ranks {
public:
  explicit Ranks(const RunRequest &request)
      : request(request), world(request.ranks) {
    const std::string &text = request.manifest;
    manifest =
        parseManifest(text.data(), text.data() + text.size(), "manifest.json");
    std::vector<TensorData> tensors;
    for (size_t i = 0; i < manifest.inputs.size(); ++i) {
      const Port &input = manifest.inputs[i];
      tensors.push_back({{input.name, input.dtype, input.shape,
                          int64_t(request.inputs[i].size())},
                         request.inputs[i].data()});
    }
    if (!tensors.empty())
      writeTensorFile(inputFile, tensors);
  }

  std::string run() {
    std::vector<std::thread> threads;
    for (int rank = 0; rank < request.ranks; ++rank)
      threads.emplace_back([this, rank] { guard(rank); });
    for (std::thread &thread : threads)
      thread.join();
    return error;
  }

  std::vector<std::vector<char>> outputs(int run) const {
    std::vector<std::vector<char>> outputs;
    auto file = openTensorFile(outputFile(run));
    for (const Port &port : manifest.outputs)
      for (size_t i = 0; i < file->tensors().size(); ++i)
        if (file->tensors()[i].name == port.name) {
          outputs.emplace_back(file->tensors()[i].bytes);
          file->read(i, outputs.back().data());
        }
    return outputs;
  }

private:
  std::string outputFile(int run) const {
    return request.bundle + "/out" + std::to_string(run) + ".safetensors";
  }

  void guard(int rank) {
    try {
      runRank(rank);
    } catch (const Left &) {
    } catch (const std::exception &caught) {
      std::lock_guard<std::mutex> lock(mutex);
      if (error.empty())
        error = "rank " + std::to_string(rank) + ": " + caught.what();
      failed = true;
    }
  }

  void runRank(int rank) {
    setThreadCount(request.threads);
    std::unique_ptr<Transport> transport = world.connect(rank, [this] {
      if (failed)
        throw Left();
    });
    const vs_program &program = *request.program;
    Inputs inputs(manifest, manifest.inputs.empty() ? "" : inputFile);
    Parameters parameters(manifest, request.bundle, rank);
    transport->setup(transportSetup(program, rank, /*yield=*/true));
    Arena arena(program.arena_bytes);
    Monitor monitor;
    Addresses addresses;
    addresses.arena = arena.data();
    addresses.comm = transport->comm();
    addresses.constants = static_cast<const char *>(program.constants);
    addresses.parameters = parameters.load(arena.data(), [] {});
    Executor executor(program, addresses, *transport, monitor);
    inputs.read(rank);
    for (int run = 0; run < 2; ++run) {
      inputs.place(addresses);
      transport->barrier();
      executor.run(0);
      writeOutputs(manifest, outputFile(run), *transport, addresses);
    }
    transport->barrier();
    transport->finish();
  }

  const RunRequest &request;
  std::string inputFile = request.bundle + "/in.safetensors";
  InprocWorld world;
  Manifest manifest;
  std::mutex mutex;
  std::string error;
  std::atomic<bool> failed{false};
};
} // namespace

std::vector<std::vector<char>>
vescale::test::runCompiled(const RunRequest &request, std::string &error) {
  try {
    Ranks ranks(request);
    error = ranks.run();
    if (!error.empty())
      return {};
    std::vector<std::vector<char>> outputs = ranks.outputs(0);
    if (outputs != ranks.outputs(1))
      error = "a second run gives other results than the first";
    return outputs;
  } catch (const std::exception &caught) {
    error = caught.what();
    return {};
  }
}
