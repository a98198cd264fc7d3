//===- vescale-profile.cpp - Makes machine files ----------------*- C++ -*-===//

#include "tools/vescale-profile/Measure.h"
#include "tools/vescale-profile/Table.h"
#include "tools/vescale-run/Mpirun.h"
#include "vescale/CostModel/GalvatronProfile.h"
#include "vescale/Support/ExitCodes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace vescale;

static cl::OptionCategory category("Options");
static cl::opt<std::string> output("o", cl::desc("Where the machine file goes"),
                                   cl::value_desc("FILE"), cl::cat(category));
static cl::opt<bool> json("json",
                          cl::desc("Print the machine file instead of a table"),
                          cl::cat(category));
static cl::opt<int64_t>
    ranks("ranks", cl::desc("Ranks to measure with (default: cores / threads)"),
          cl::value_desc("N"), cl::init(0), cl::cat(category));
static cl::opt<std::string>
    transport("transport",
              cl::desc("auto: as programs choose it; plain: messages where "
                       "ranks could share memory"),
              cl::value_desc("auto|plain"), cl::init("auto"),
              cl::cat(category));
static cl::opt<std::string> deviceKind("device", cl::desc("What to measure"),
                                       cl::value_desc("cpu"), cl::init("cpu"),
                                       cl::cat(category));
static cl::opt<std::string>
    show("show",
         cl::desc("Measure nothing: print a machine file or a well-known "
                  "cluster, NAME:N with NAME dgx-a100, dgx-h100 or dgx-h200"),
         cl::value_desc("FILE"), cl::cat(category));
static cl::opt<std::string> galvatron(
    "import-galvatron",
    cl::desc("Measure nothing: take Galvatron's hardware profiles in DIR; "
             "--ranks says of how many GPUs, if there are several"),
    cl::value_desc("DIR"), cl::cat(category));
static cl::opt<std::string>
    base("base",
         cl::desc("What has the device and the latencies that Galvatron's "
                  "profiles lack: a machine file or NAME:N, e.g. dgx-a100:16"),
         cl::value_desc("FILE"), cl::cat(category));
static cl::opt<int64_t>
    timeLimit("time-limit",
              cl::desc("Rounds go on as long as they end within so many "
                       "seconds (default 80); there is at least one"),
              cl::value_desc("S"), cl::init(80), cl::cat(category));
static cl::opt<int64_t> maxSize("max-size",
                                cl::desc("Largest dimension of a product"),
                                cl::value_desc("N"), cl::init(4096),
                                cl::cat(category));
static cl::opt<int64_t> maxBytes("max-bytes",
                                 cl::desc("Largest tensor of a collective"),
                                 cl::value_desc("B"),
                                 cl::init(int64_t(64) << 20),
                                 cl::cat(category));

/// Made when main() runs: LLVM's library has an option of that name, which
/// goes.
static cl::opt<int64_t> &threads() {
  static cl::opt<int64_t> option = [] {
    if (cl::Option *taken = cl::getRegisteredOptions().lookup("threads"))
      taken->removeArgument();
    return cl::opt<int64_t>("threads", cl::desc("Threads of each rank"),
                            cl::value_desc("T"), cl::init(1),
                            cl::cat(category));
  }();
  return option;
}

/// What is wrong with the flags; empty if nothing is.
static std::string checkFlags() {
  if (output.empty() && !json && show.empty())
    return "no file given: -o FILE, or --json for stdout";
  if (!show.empty() && !galvatron.empty())
    return "--show and --import-galvatron: one at a time";
  if (galvatron.empty() != base.empty())
    return "--import-galvatron and --base go together: the profiles say "
           "nothing of the device";
  if (deviceKind == "cuda")
    return "--device=cuda: this build has no CUDA support; --device=cpu "
           "measures the processor";
  if (deviceKind != "cpu")
    return "--device=" + deviceKind + ": devices are cpu";
  if (transport != "auto" && transport != "plain")
    return "--transport=" + transport + ": transports are auto and plain";
  auto outside = [](const char *flag, int64_t value, int64_t low,
                    int64_t high) -> std::string {
    if (value >= low && value <= high)
      return "";
    return ("--" + Twine(flag) + "=" + Twine(value) + " is not from " +
            Twine(low) + " to " + Twine(high))
        .str();
  };
  for (const std::string &wrong :
       {outside("ranks", ranks, 0, 4096),
        outside("threads", threads(), 1, 1024),
        outside("time-limit", timeLimit, 0, 3600),
        outside("max-size", maxSize, 64, 65536),
        outside("max-bytes", maxBytes, 2048, int64_t(1) << 30)})
    if (!wrong.empty())
      return wrong;
  return "";
}

static Expected<Machine> readMachine() {
  if (!show.empty())
    return Machine::read(show);
  Expected<Machine> lacking = Machine::read(base);
  return lacking ? importGalvatron(galvatron, ranks, *lacking)
                 : std::move(lacking);
}

/// Starts ranks that measure.
static int measure(const char *program, Machine &machine) {
  MeasureOptions options;
  options.ranks = ranks;
  options.threads = threads();
  options.plain = transport == "plain";
  options.seconds = timeLimit;
  options.maxSize = maxSize;
  options.maxBytes = maxBytes;
  void *address =
      reinterpret_cast<void *>(reinterpret_cast<intptr_t>(&measure));
  std::string tool = sys::fs::getMainExecutable(program, address);
  if (sys::fs::exists("/dev/nvidia0"))
    errs() << "note: this machine has GPUs, which are not measured: this build "
              "has no CUDA support\n";
  return measureMachine(options, sys::path::parent_path(tool), machine);
}

int main(int argc, char **argv) {
  holdStops();
  InitLLVM init(argc, argv);
  threads();
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "Measures this machine: what its cores compute, how fast memory is, "
          "and how ranks exchange.\n\n"
          "The file that it writes is what costs, plans and simulations are "
          "made from (docs/Reference/machine-file.md). It holds for the "
          "number of threads it was measured with. Takes less than two "
          "minutes; other work on the machine meanwhile is measured too.\n\n"
          "Examples:\n"
          "  vescale-profile -o c.json\n"
          "  vescale-profile -o c.json --ranks=2 --threads=4\n"
          "  vescale-profile --json --time-limit=30 > c.json\n"
          "  vescale-profile --show=dgx-h100:64\n"
          "  vescale-profile -o c.json --import-galvatron=hardware_configs "
          "--ranks=16 --base=dgx-a100:16\n\n"
          "Exit codes: 0 done, 1 the measurement failed, 2 usage, 3 a file "
          "that can't be read or written, 75 stopped by a signal.\n",
          &errs()))
    return exitUsage;
  if (std::string wrong = checkFlags(); !wrong.empty())
    return fail(exitUsage, wrong);
  // Made now: who can't write it should not have to wait for that.
  std::optional<sys::fs::TempFile> file;
  if (!output.empty()) {
    auto made = sys::fs::TempFile::create(output + ".%%%%%%");
    if (!made)
      return fail(exitBadInput, output + ": " + toString(made.takeError()));
    file.emplace(std::move(*made));
  }
  Machine machine;
  int code = exitDone;
  if (show.empty() && galvatron.empty()) {
    code = measure(argv[0], machine);
  } else if (Expected<Machine> read = readMachine()) {
    machine = *read;
  } else {
    code = fail(exitBadInput, toString(read.takeError()));
  }
  if (code) {
    if (file)
      consumeError(file->discard());
    return code;
  }
  std::string text = machine.print();
  if (file) {
    raw_fd_ostream os(file->FD, /*shouldClose=*/false);
    os << text;
    os.flush();
    if (std::error_code wrong = os.error()) {
      os.clear_error();
      consumeError(file->discard());
      return fail(exitBadInput, output + ": " + wrong.message());
    }
    if (Error error = file->keep(output))
      return fail(exitBadInput, output + ": " + toString(std::move(error)));
  }
  if (json)
    outs() << text;
  else
    printTable(machine, outs());
  return exitDone;
}
