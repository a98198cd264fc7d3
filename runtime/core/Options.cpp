// Parses the flags of an emitted program.
#include "runtime/core/Options.h"

#include "runtime/core/Error.h"

#include <cstdlib>

namespace vescale::runtime {
namespace {

double number(const std::string &flag, const std::string &text, double least,
              double most) {
  char *end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end || !(value >= least && value <= most))
    fail(ExitCode::Usage, flag, "=", text, ": expected a number from ", least,
         " to ", most);
  return value;
}

int count(const std::string &flag, const std::string &text, int least,
          int most) {
  double value = number(flag, text, least, most);
  if (value != static_cast<int>(value))
    fail(ExitCode::Usage, flag, "=", text, ": expected a whole number");
  return static_cast<int>(value);
}

const char *const inferenceFlags[] = {"--input", "--output", "--repeat",
                                      "--warmup", "--json"};
const char *const trainingFlags[] = {
    "--data", "--tokens",    "--steps", "--save-dir",   "--save-every",
    "--keep", "--resume",    "--eval",  "--eval-every", "--eval-batches",
    "--log",  "--log-every", "--trace", "--trace-steps"};

} // namespace

Options parseOptions(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string flag = argv[i], value;
    bool hasValue = false;
    size_t equals = flag.find('=');
    if (equals != std::string::npos) {
      value = flag.substr(equals + 1);
      flag.resize(equals);
      hasValue = true;
    }
    auto take = [&]() -> const std::string & {
      if (!hasValue) {
        if (++i == argc)
          fail(ExitCode::Usage, flag, " needs a value");
        value = argv[i];
      }
      if (value.empty())
        fail(ExitCode::Usage, flag, " needs a value");
      hasValue = false;
      return value;
    };
    if (flag == "--input")
      options.input = take();
    else if (flag == "--output")
      options.output = take();
    else if (flag == "--checkpoint")
      options.checkpoint = take();
    else if (flag == "--repeat") {
      options.repeat = count(flag, take(), 1, 1000000);
      options.timing = true;
    } else if (flag == "--warmup")
      options.warmup = count(flag, take(), 0, 1000000);
    else if (flag == "--timeout")
      options.timeoutSeconds = number(flag, take(), 0.1, 1e6);
    else if (flag == "--threads")
      options.threads = count(flag, take(), 1, 1024);
    else if (flag == "--transport") {
      std::string kind = take();
      if (kind != "auto" && kind != "plain")
        fail(ExitCode::Usage, "--transport=", kind, ": expected auto or plain");
      options.transport = kind == "auto" ? Options::TransportKind::Auto
                                         : Options::TransportKind::Plain;
    } else if (flag == "--simulate-link") {
      std::string text = take();
      size_t comma = text.find(',');
      if (comma == std::string::npos)
        fail(ExitCode::Usage, flag, "=", text,
             ": expected a latency in microseconds, a comma, and MiB/s");
      options.link =
          LinkSpeed{number(flag, text.substr(0, comma), 0, 1e7),
                    number(flag, text.substr(comma + 1), 0.001, 1e7)};
    } else if (flag == "--data")
      options.data = take();
    else if (flag == "--tokens") {
      std::string width = take();
      if (width != "uint16" && width != "uint32")
        fail(ExitCode::Usage, "--tokens=", width,
             ": expected uint16 or uint32");
      options.wideTokens = width == "uint32";
    } else if (flag == "--steps")
      options.steps = count(flag, take(), 0, 99'999'999);
    else if (flag == "--save-dir")
      options.saveDir = take();
    else if (flag == "--save-every")
      options.saveEvery = count(flag, take(), 1, 99'999'999);
    else if (flag == "--keep")
      options.keep = count(flag, take(), 1, 1'000'000);
    else if (flag == "--resume")
      options.resume = true;
    else if (flag == "--log")
      options.log = take();
    else if (flag == "--log-every")
      options.logEvery = count(flag, take(), 1, 99'999'999);
    else if (flag == "--eval")
      options.eval = take();
    else if (flag == "--eval-every")
      options.evalEvery = count(flag, take(), 1, 99'999'999);
    else if (flag == "--eval-batches")
      options.evalBatches = count(flag, take(), 1, 99'999'999);
    else if (flag == "--trace")
      options.trace = take();
    else if (flag == "--trace-steps")
      options.traceSteps = count(flag, take(), 1, 1000);
    else if (flag == "--json")
      options.json = true;
    else if (flag == "--help" || flag == "-h")
      options.help = true;
    else
      fail(ExitCode::Usage, "unknown argument '", argv[i],
           "'; --help lists the flags");
    if (hasValue)
      fail(ExitCode::Usage, flag, " takes no value");
    for (const char *only : inferenceFlags)
      if (flag == only)
        options.inferenceFlag = flag;
    for (const char *only : trainingFlags)
      if (flag == only)
        options.trainingFlag = flag;
  }
  return options;
}

std::string helpText(const std::string &program) {
  return cat("usage: ", program, R"( [flags]

Runs a compiled model once, or several times to measure it; or trains.

  --input=FILE      the model's inputs: .npz, .safetensors, or .npy if there is
                    one input
  --output=FILE     where the outputs go, in the same formats
  --checkpoint=PATH take the weights by name from another checkpoint of the same
                    shapes: a .safetensors file, or a directory with
                    model.safetensors or model.safetensors.index.json
  --repeat=N        run N times and print step_ms: median, minimum, maximum
  --warmup=N        runs before those that are measured (default 0)
  --data=FILE       what to train on: tokens (.bin), or arrays of samples (.npy,
                    .npz, .safetensors)
  --tokens=KIND     of a .bin: uint16 (default) or uint32
  --steps=N         train until N steps are done; 0: only evaluate
  --save-dir=DIR    where checkpoints go: one at the end, and when a signal stops
                    the run
  --save-every=N    and one after every N steps
  --keep=N          delete all but the newest N
  --resume          go on from the newest checkpoint in --save-dir, if any
  --eval=FILE       evaluate on this, in the formats of --data, at the end: the
                    mean loss of its samples in order, each read once
  --eval-every=N    and after every N steps
  --eval-batches=K  of so many batches (default: all of an array file, the first
                    10 of tokens)
  --log=FILE        a line of JSON for each step
  --log-every=N     print every N-th step (default 1)
  --trace=FILE      when each operation ran on each rank in the last step, for
                    Perfetto or chrome://tracing
  --trace-steps=N   in the last N steps
  --threads=N       threads of each rank (default: cores / ranks)
  --timeout=SECONDS how long a rank may make no progress (default 60)
  --transport=KIND  auto: shared memory on one machine, MPI messages across
                    machines; plain: always messages (default auto)
  --simulate-link=LATENCY_US,MIB_PER_S
                    make collectives as slow as one link with this latency and
                    bandwidth, which serves one after the other
  --json            print measurements as JSON
  --help            this text

examples: vescale-run DIR -n 2 --input=in.npz --output=out.npz -- --repeat=10
          vescale-run DIR -n 2 -- --data=tokens.bin --steps=200 --save-dir=ckpt
)");
}

} // namespace vescale::runtime
