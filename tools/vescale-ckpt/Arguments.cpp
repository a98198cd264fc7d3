// Parses the command line: a command, its paths, its flags.
#include "tools/vescale-ckpt/Arguments.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <cstdlib>

using namespace vescale::runtime;

namespace vescale::ckpt {

const char *const helpText = R"(usage: vescale-ckpt COMMAND PATHS [flags]

Looks into the checkpoints that training programs save, and moves them between
layouts, programs and Hugging Face's format. CKPT is a step (…/step-00000100) or
a save directory, which stands for its newest step.

  inspect CKPT                     what is in it: step, tensors, chunks
  verify CKPT                      read all of it and check every byte
  diff CKPT CKPT                   compare the tensors of two
  reshard CKPT BUNDLE -o SAVE_DIR  write it as the bundle's program would
  import HUB BUNDLE -o SAVE_DIR    make a step of a Hugging Face checkpoint: a
                                   .safetensors file, or a directory with
                                   model.safetensors or an index of shards
  export CKPT BUNDLE -o DIR        write the weights as such a checkpoint

  -o PATH              where the result goes
  --step=N             import: the step to make (default 0)
  --max-shard-bytes=N  export: the most tensors' bytes in a file, several files
                       and an index where that does not do (default 5000000000)
  --json               print JSON instead of text
  --help               this text

No command converts element types.

Exit codes: 0 done, 1 failed (diff: the checkpoints differ), 2 usage, 3 bad
input: a checkpoint that is damaged or does not fit.

example: vescale-ckpt reshard runs/gpt bundle-tp4 -o runs/gpt-tp4
)";

namespace {

struct Command {
  const char *name;
  size_t paths;
  bool output;
};

constexpr Command commands[] = {{"inspect", 1, false}, {"verify", 1, false},
                                {"diff", 2, false},    {"reshard", 2, true},
                                {"import", 2, true},   {"export", 2, true}};

int64_t number(const std::string &flag, const std::string &text, int64_t least,
               int64_t most) {
  char *end = nullptr;
  errno = 0;
  long long value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end || errno || value < least || value > most)
    fail(ExitCode::Usage, flag, "=", text, ": expected a number from ", least,
         " to ", most);
  return value;
}

void check(const Arguments &arguments) {
  const Command *command = std::find_if(
      std::begin(commands), std::end(commands),
      [&](const Command &c) { return arguments.command == c.name; });
  if (command == std::end(commands))
    fail(ExitCode::Usage,
         arguments.command.empty()
             ? std::string("no command given")
             : cat("unknown command '", arguments.command, "'"),
         "; --help lists them");
  if (arguments.paths.size() != command->paths)
    fail(ExitCode::Usage, command->name, " takes ", command->paths,
         command->paths == 1 ? " path, " : " paths, ", arguments.paths.size(),
         " given; --help shows how");
  if (command->output == arguments.output.empty())
    fail(ExitCode::Usage, command->name,
         command->output ? " needs -o PATH" : " takes no -o");
}

} // namespace

Arguments parseArguments(int argc, char **argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    size_t equals =
        word.rfind("--", 0) == 0 ? word.find('=') : std::string::npos;
    std::string flag = word.substr(0, equals);
    auto value = [&]() -> std::string {
      if (equals != std::string::npos)
        return word.substr(equals + 1);
      if (++i == argc)
        fail(ExitCode::Usage, flag, " needs a value");
      return argv[i];
    };
    if (flag == "--step" || flag == "--max-shard-bytes") {
      bool isStep = flag == "--step";
      if (arguments.command != (isStep ? "import" : "export"))
        fail(ExitCode::Usage, flag, " goes with ", isStep ? "import" : "export",
             " alone");
      (isStep ? arguments.step : arguments.maxShardBytes) =
          number(flag, value(), isStep ? 0 : 1, isStep ? 99999999 : INT64_MAX);
    } else if (word == "-o") {
      arguments.output = value();
    } else if (word == "--json") {
      arguments.json = true;
    } else if (word == "--help" || word == "-h") {
      arguments.help = true;
      return arguments;
    } else if (word.size() > 1 && word[0] == '-') {
      fail(ExitCode::Usage, "unknown flag '", word, "'; --help lists them");
    } else if (arguments.command.empty()) {
      arguments.command = word;
    } else {
      arguments.paths.push_back(word);
    }
  }
  check(arguments);
  return arguments;
}

} // namespace vescale::ckpt
