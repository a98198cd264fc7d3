// vescale-run: starts a bundle's ranks, through mpirun if there are several.
#include "tools/vescale-run/Mpirun.h"
#include "vescale/Support/ExitCodes.h"

#include <nlohmann/json.hpp>

#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

using namespace vescale;

namespace {

const char *const help =
    R"(usage: vescale-run DIR [-n N] [--input=FILE] [--output=FILE] [-- flags]

Runs the compiled model in DIR on N ranks.

  -n N            ranks; must equal the mesh's size, which is the default
  --input=FILE    the model's inputs (.npz, .npy, .safetensors)
  --output=FILE   where the outputs go
  --help          this text
  -- flags        flags of the program itself; DIR/run --help lists them

Exit codes: 0 done, 1 the run failed, 2 usage, 3 bad input, 75 stopped in order
by SIGTERM, SIGINT or SIGUSR1.

example: vescale-run gpt2 -n 2 --input=in.npz --output=out.npz -- --threads=4
)";

struct Arguments {
  std::string bundle;
  long ranks = 0; // 0: the mesh's size
  std::vector<std::string> program;
  bool help = false;
};

/// Returns an error's text, or nothing.
std::string parse(int argc, char **argv, Arguments &arguments) {
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    auto isFlag = [&](const char *name) {
      return argument == name ||
             argument.rfind(std::string(name) + "=", 0) == 0;
    };
    if (argument == "--") {
      arguments.program.insert(arguments.program.end(), argv + i + 1,
                               argv + argc);
      return "";
    }
    if (argument == "--help" || argument == "-h") {
      arguments.help = true;
      return "";
    }
    if (argument.rfind("-n", 0) == 0 && argument.rfind("--", 0) != 0) {
      std::string value = argument.substr(2);
      if (value.empty() && i + 1 < argc)
        value = argv[++i];
      char *end = nullptr;
      arguments.ranks = std::strtol(value.c_str(), &end, 10);
      if (value.empty() || *end || arguments.ranks < 1 ||
          arguments.ranks > 1 << 20)
        return "-n " + value + ": expected a number of ranks";
    } else if (isFlag("--input") || isFlag("--output")) {
      if (argument.find('=') == std::string::npos) {
        if (i + 1 == argc)
          return argument + " needs a value";
        argument += std::string("=") + argv[++i];
      }
      arguments.program.push_back(argument);
    } else if (argument.rfind("-", 0) == 0) {
      return "unknown flag '" + argument +
             "'; flags of the program itself come after --";
    } else if (arguments.bundle.empty()) {
      arguments.bundle = argument;
    } else {
      return "two bundles: '" + arguments.bundle + "' and '" + argument + "'";
    }
  }
  return arguments.bundle.empty() ? "no bundle given; --help shows how" : "";
}

/// The mesh's size, or -1 with a message printed.
long meshSize(const std::string &bundle) {
  std::string path = bundle + "/manifest.json";
  std::ifstream file(path);
  if (!file) {
    fail(exitBadInput, path + ": " + std::strerror(errno));
    return -1;
  }
  auto manifest =
      nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!manifest.is_object() || !manifest.contains("mesh") ||
      !manifest["mesh"].is_array()) {
    fail(exitBadInput, path + ": no mesh");
    return -1;
  }
  long size = 1;
  for (const auto &axis : manifest["mesh"]) {
    if (!axis.is_array() || axis.size() != 2 || !axis[1].is_number_integer() ||
        axis[1].get<long>() < 1 || axis[1].get<long>() > 1 << 20 ||
        (size *= axis[1].get<long>()) > 1 << 20) {
      fail(exitBadInput, path + ": malformed mesh");
      return -1;
    }
  }
  return size;
}

} // namespace

int main(int argc, char **argv) {
  holdStops();
  Arguments arguments;
  std::string error = parse(argc, argv, arguments);
  if (arguments.help) {
    std::fputs(help, stdout);
    return exitDone;
  }
  if (!error.empty())
    return fail(exitUsage, error);
  long mesh = meshSize(arguments.bundle);
  if (mesh < 0)
    return exitBadInput;
  if (arguments.ranks && arguments.ranks != mesh)
    return fail(exitBadInput, "'" + arguments.bundle +
                                  "' was compiled for a mesh of " +
                                  std::to_string(mesh) + " ranks, not for " +
                                  std::to_string(arguments.ranks));
  char path[PATH_MAX];
  if (!realpath((arguments.bundle + "/run").c_str(), path))
    return fail(exitBadInput,
                arguments.bundle + "/run: " + std::strerror(errno));
  if (mesh > 1)
    return runRanks(mesh, path, arguments.program);
  std::vector<char *> words = {path};
  for (std::string &word : arguments.program)
    words.push_back(word.data());
  words.push_back(nullptr);
  execv(path, words.data());
  return fail(exitBadInput, std::string(path) + ": " + std::strerror(errno));
}
