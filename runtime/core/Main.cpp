// vs_main: the whole life of an emitted program.
//
// Everything that can be wrong with a run is checked before work starts, in
// phases that all ranks end together: the lowest rank that failed says why, and
// all leave with its exit code.
#include "runtime/core/Clock.h"
#include "runtime/core/Error.h"
#include "runtime/core/Executor.h"
#include "runtime/core/Launch.h"
#include "runtime/core/Memory.h"
#include "runtime/core/Parameters.h"
#include "runtime/core/Ports.h"
#include "runtime/core/Report.h"
#include "runtime/core/Threads.h"
#include "runtime/core/Weights.h"
#include "runtime/kernels/sizes.h"
#include "runtime/train/Trainer.h"

#include <limits.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

namespace vescale::runtime {
namespace {

/// All ranks leave with this code; what there was to say has been said.
struct Ended {
  int code;
};

std::string bundleOfThisProgram() {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
  std::string text(path, length < 0 ? 0 : length);
  for (int up = 0; up < 2; ++up) // DIR/programs/K
    text.resize(text.find_last_of('/') == std::string::npos
                    ? 0
                    : text.find_last_of('/'));
  return text.empty() ? "." : text;
}

class ProgramRun {
public:
  ProgramRun(int argc, char **argv, const vs_program &program)
      : argc(argc), argv(argv), program(program) {}

  int main() {
    int launchRank = launcherRank();
    try {
      options = parseOptions(argc, argv);
      if (options.help) {
        if (launchRank == 0)
          std::fputs(helpText(argv[0]).c_str(), stdout);
        return 0;
      }
      bundle = bundleOfThisProgram();
      launch = detectLaunch();
      chooseThreads();
      Monitor::catchSignals();
      transport = openTransport(launch, options, bundle + "/lib",
                                [this] { monitor.poll(); });
      held.begin();
    } catch (const Failure &failure) {
      if (launchRank == 0 || failure.code == ExitCode::RunFailed)
        reportFailure(failure, launchRank, 1);
      return static_cast<int>(failure.code);
    }
    try {
      start();
      execute();
      finish();
      return 0;
    } catch (const Ended &ended) {
      finish();
      return ended.code;
    } catch (const Failure &failure) {
      return fail(failure);
    } catch (const PeerFailed &) {
      // The other rank ends the run; this one only must not wait for it.
      usleep(500 * 1000);
      _exit(static_cast<int>(ExitCode::RunFailed));
    }
  }

private:
  static int launcherRank() {
    for (const char *name :
         {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID", "RANK"})
      if (const char *text = std::getenv(name))
        return std::atoi(text);
    return 0;
  }

  void chooseThreads() {
    CoreSet bound = allowedCores();
    unbindCores();
    cores = coreCount(allowedCores());
    threads = options.threads ? options.threads
                              : std::max(1, cores / launch.localSize);
    threads = std::min(threads, 1024);
    // A launcher's binding stays where it leaves a core to each thread. Without
    // one, ranks that fill the machine share its cores out: Linux may leave two
    // of them on one core for a while. Fewer ranks stay free to go where other
    // programs don't run.
    if (coreCount(bound) < cores && coreCount(bound) >= threads)
      bindCores(bound);
    else if (launch.localSize > 1 && launch.localSize * threads == cores)
      bindCores(coresFrom(allowedCores(), launch.localRank * threads, threads));
    yield = launch.localSize * threads > cores;
    // libgomp reads its waiting policy before main; oversubscribed threads
    // that spin would starve each other.
    if (yield && threads > 1 && !std::getenv("OMP_WAIT_POLICY")) {
      setenv("OMP_WAIT_POLICY", "passive", 1);
      execv("/proc/self/exe", argv);
    }
    setThreadCount(threads);
    reserveStacks();
  }

  /// Runs `body` on all ranks and ends the run on all if it fails on any.
  template <typename Body> void phase(Body body) {
    std::optional<Failure> failure;
    try {
      body();
    } catch (const Failure &caught) {
      failure = caught;
    }
    Transport::Agreement agreed =
        transport->agree(failure ? static_cast<int64_t>(failure->code) : 0);
    if (agreed.value == 0)
      return;
    if (agreed.rank == transport->rank())
      reportFailure(*failure, agreed.rank, transport->size());
    throw Ended{static_cast<int>(agreed.value)};
  }

  void checkProgram() {
    if (program.abi_version != VS_ABI_VERSION)
      runtime::fail(ExitCode::BadInput, "the program was compiled for ABI ",
                    program.abi_version, ", this runtime has ABI ",
                    VS_ABI_VERSION, "; compile the model again");
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
      runtime::fail(ExitCode::BadInput,
                    "this CPU lacks AVX2 or FMA (x86-64-v3 is needed)");
    if (manifest.targetIsa == "x86-64-v4" &&
        !__builtin_cpu_supports("avx512vl"))
      runtime::fail(ExitCode::BadInput, "the bundle was compiled for ",
                    manifest.targetIsa,
                    ", which this CPU is not; compile the "
                    "model for x86-64-v3");
    if (manifest.mesh.size() != transport->size())
      runtime::fail(ExitCode::BadInput, "the bundle was compiled for the mesh ",
                    manifest.mesh.text(), " of ", manifest.mesh.size(),
                    " ranks, but ", transport->size(), " are running");
    const ProgramEntry &entry = manifest.programOf(transport->rank());
    if (entry.hash != program.hash)
      runtime::fail(ExitCode::BadInput, entry.file, " has the hash ",
                    program.hash, ", manifest.json expects ", entry.hash,
                    "; the bundle mixes two compilations");
    if (entry.arenaBytes != program.arena_bytes ||
        entry.commBytes != program.comm_bytes)
      runtime::fail(ExitCode::BadInput, "manifest.json plans arenas of ",
                    entry.arenaBytes, " and ", entry.commBytes,
                    " bytes, the program has ", program.arena_bytes, " and ",
                    program.comm_bytes);
  }

  void checkPlaces() {
    auto check = [&](const char *what, const std::string &name, Place at,
                     int64_t bytes) {
      int64_t space =
          at.space == VS_COMM ? program.comm_bytes : program.arena_bytes;
      if (at.space != VS_PARAM &&
          (at.offset > space || bytes > space - at.offset))
        runtime::fail(ExitCode::BadInput, what, " '", name, "' needs ", bytes,
                      " bytes at offset ", at.offset, " of an arena of ",
                      space);
    };
    auto localBytes = [&](const auto &port) {
      return shardOf(port.shape, port.layout, manifest.mesh, transport->rank())
                 .localElements() *
             dtypeBytes(port.dtype);
    };
    for (const Port &input : manifest.inputs)
      check("input", input.name, input.at, localBytes(input));
    for (const Port &output : manifest.outputs)
      check("output", output.name, output.at, localBytes(output));
    for (const Parameter &parameter : manifest.parameters)
      check("parameter", parameter.name, parameter.at,
            parameter.packed
                ? vs_packed_bytes(parameter.packed->k, parameter.packed->n,
                                  parameter.dtype)
                : localBytes(parameter));
  }

  void chooseWeights(int rank) {
    Say say = [&](const std::string &what) {
      if (rank == 0)
        std::fprintf(stderr, "note: %s\n", what.c_str());
    };
    // What asks for reading whole tensors or files one rank does for all.
    if (!options.checkpoint.empty())
      takeCheckpoint(manifest, options.checkpoint,
                     rank == 0 ? Tied::Compare : Tied::Trust, say);
    checkReferences(manifest, launch.localRank == 0, say);
  }

  void start() {
    int rank = transport->rank();
    TransportSetup setup;
    phase([&] {
      checkWorld(launch, *transport);
      manifest = readManifest(bundle + "/manifest.json");
      prediction = readPrediction(bundle + "/prediction.json");
      checkProgram();
      checkPlaces();
      if (manifest.train)
        trainer.emplace(TrainerParts{manifest, options, bundle, program,
                                     *transport, monitor, held, threads,
                                     prediction});
      else if (!options.trainingFlag.empty())
        runtime::fail(ExitCode::Usage, options.trainingFlag,
                      ": the bundle has no training step; compile the model "
                      "with --train");
      chooseWeights(rank);
      if (!options.output.empty())
        checkWritable(options.output, outputInfos(manifest));
      if (!trainer)
        inputs.emplace(manifest, options.input);
      parameters.emplace(manifest, bundle, rank);
      setup = transportSetup(program, rank, yield);
    });
    transport->setup(setup);
    monitor.start(*transport, program, options.timeoutSeconds);
    int64_t runId = transport->agree(rank == 0 ? nanoseconds() : 0).value;
    int64_t resumeStep = Trainer::noStep;
    if (trainer)
      resumeStep = transport->agree(trainer->newestStep()).value;
    phase([&] {
      bool isSpare = coreCount(allowedCores()) > threads * launch.localSize;
      arena.emplace(program.arena_bytes,
                    isSpare ? Paging::Ahead : Paging::OnTouch);
      addresses.arena = arena->data();
      addresses.comm = transport->comm();
      addresses.constants = static_cast<const char *>(program.constants);
      addresses.parameters =
          parameters->load(arena->data(), [&] { monitor.beat(); });
      executor.emplace(program, addresses, *transport, monitor);
      trainer ? trainer->begin(addresses, runId, resumeStep)
              : inputs->read(rank);
    });
  }

  void execute() {
    if (trainer) {
      monitor.deferStops();
      return trainer->run(*executor);
    }
    std::vector<double> times;
    for (int i = -options.warmup; i < options.repeat; ++i) {
      inputs->place(addresses);
      transport->barrier();
      int64_t begin = nanoseconds();
      executor->run(0);
      int64_t slowest = transport->agree(nanoseconds() - begin).value;
      if (i >= 0)
        times.push_back(slowest * 1e-6);
    }
    if (!options.output.empty())
      writeOutputs(manifest, options.output, *transport, addresses);
    if (transport->rank() == 0 && (options.timing || options.json))
      printTimes({times, transport->size(), threads, transport->describe(),
                  program.arena_bytes, program.comm_bytes, held.bytes(),
                  prediction},
                 options.json);
  }

  void finish() {
    if (RankStatus *mine = transport->status(transport->rank()))
      mine->left.store(1);
    transport->barrier();
    monitor.stop();
    transport->finish();
  }

  /// Rank 0 says why all stop; a launcher may end it once another rank is gone.
  void waitForFirst() {
    RankStatus *first = transport->status(0);
    for (int turn = 0; first && !first->left.load() && turn < 200; ++turn)
      usleep(10 * 1000);
  }

  int fail(const Failure &failure) {
    int code = static_cast<int>(failure.code);
    RankStatus *mine = transport->status(transport->rank());
    if (failure.code == ExitCode::Stopped) {
      if (mine)
        mine->stopped.store(1);
      if (transport->rank() == 0)
        reportFailure(failure, 0, 1);
      else
        waitForFirst();
      if (mine)
        mine->left.store(1);
      // Messages may be under way; the process's end is the order that is left.
      std::fflush(nullptr);
      _exit(code);
    }
    if (mine)
      mine->failed.store(1);
    reportFailure(failure, transport->rank(), transport->size());
    transport->abort(code);
  }

  int argc;
  char **argv;
  const vs_program &program;
  Options options;
  std::string bundle;
  Launch launch;
  int cores = 1, threads = 1;
  bool yield = false;
  HeldMemory held; // since ranks have found each other
  Monitor monitor;
  std::unique_ptr<Transport> transport;
  Manifest manifest;
  std::optional<Prediction> prediction;
  std::optional<Inputs> inputs;
  std::optional<Parameters> parameters;
  std::optional<Arena> arena;
  Addresses addresses;
  std::optional<Executor> executor;
  std::optional<Trainer> trainer;
};

} // namespace
} // namespace vescale::runtime

extern "C" __attribute__((visibility("default"))) int
vs_main(int argc, char **argv, const vs_program *program) {
  using namespace vescale::runtime;
  try {
    return ProgramRun(argc, argv, *program).main();
  } catch (const std::exception &error) {
    reportFailure(Failure(ExitCode::RunFailed, error.what()), 0, 1);
    return static_cast<int>(ExitCode::RunFailed);
  }
}
