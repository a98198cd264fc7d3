//===- vescale-profile.cpp - Makes machine files ----------------*- C++ -*-===//

#include "tools/vescale-profile/Measure.h"
#include "tools/vescale-profile/Table.h"
#include "tools/vescale-run/Mpirun.h"
#include "vescale/Support/ExitCodes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

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
static cl::opt<int64_t>
    timeLimit("time-limit",
              cl::desc("Rounds go on as long as they end within so many "
                       "seconds (default 80); there are at least three"),
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
  if (output.empty() && !json)
    return "no file given: -o FILE, or --json for stdout";
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

static int write(const Machine &machine) {
  std::string text = machine.print();
  if (!output.empty()) {
    std::error_code error;
    ToolOutputFile file(output, error, sys::fs::OF_None);
    if (!error) {
      file.os() << text;
      file.os().flush();
      error = file.os().error();
    }
    if (error) {
      file.os().clear_error();
      return fail(exitBadInput, output + ": " + error.message());
    }
    file.keep();
  }
  if (json)
    outs() << text;
  else
    printTable(machine, outs());
  return exitDone;
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
          "  vescale-profile --json --time-limit=30 > c.json\n\n"
          "Exit codes: 0 done, 1 the measurement failed, 2 usage, 3 a file "
          "that can't be read or written, 75 stopped by a signal.\n",
          &errs()))
    return exitUsage;
  if (std::string wrong = checkFlags(); !wrong.empty())
    return fail(exitUsage, wrong);
  MeasureOptions options;
  options.ranks = ranks;
  options.threads = threads();
  options.plain = transport == "plain";
  options.seconds = timeLimit;
  options.maxSize = maxSize;
  options.maxBytes = maxBytes;
  void *address = reinterpret_cast<void *>(reinterpret_cast<intptr_t>(&main));
  std::string tool = sys::fs::getMainExecutable(argv[0], address);
  if (sys::fs::exists("/dev/nvidia0"))
    errs() << "note: this machine has GPUs, which are not measured: this build "
              "has no CUDA support\n";
  Machine machine;
  if (int code = measureMachine(options, sys::path::parent_path(tool), machine))
    return code;
  return write(machine);
}
