// vescale-run: starts a bundle's ranks, through mpirun if there are several.
#include <nlohmann/json.hpp>

#include <csignal>
#include <fcntl.h>
#include <limits.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace {

enum ExitCode {
  Done = 0,
  RunFailed = 1,
  Usage = 2,
  BadInput = 3,
  Stopped = 75
};

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

int fail(int code, const std::string &message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  return code;
}

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
    fail(BadInput, path + ": " + std::strerror(errno));
    return -1;
  }
  auto manifest =
      nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!manifest.is_object() || !manifest.contains("mesh") ||
      !manifest["mesh"].is_array()) {
    fail(BadInput, path + ": no mesh");
    return -1;
  }
  long size = 1;
  for (const auto &axis : manifest["mesh"]) {
    if (!axis.is_array() || axis.size() != 2 || !axis[1].is_number_integer() ||
        axis[1].get<long>() < 1 || axis[1].get<long>() > 1 << 20 ||
        (size *= axis[1].get<long>()) > 1 << 20) {
      fail(BadInput, path + ": malformed mesh");
      return -1;
    }
  }
  return size;
}

/// What asks for an orderly stop. They wait from this program's first line on,
/// so that none falls between two programs; who can act on them takes them.
sigset_t stopSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGUSR1})
    sigaddset(&set, signal);
  return set;
}

/// Waits for mpirun and hands stops on; how many there were, and its status.
/// mpirun kills its ranks within a second of SIGTERM, but it forwards SIGUSR1,
/// to those ranks that run by then: it is told until it has ended. Who asks
/// three times gets what they want.
int waitFor(pid_t mpirun, int &status) {
  sigset_t set = stopSignals();
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  timespec interval = {0, 500'000'000};
  for (int stops = 0;;) {
    if (waitpid(mpirun, &status, WNOHANG) == mpirun)
      return stops;
    int signal = sigtimedwait(&set, nullptr, &interval);
    stops += signal > 0 && signal != SIGCHLD;
    if (stops)
      kill(mpirun, stops < 3 ? SIGUSR1 : SIGTERM);
  }
}

int runMpi(const Arguments &arguments, const std::string &program, long ranks) {
  std::vector<std::string> words = {
      "mpirun",
      "-q", // ranks say themselves what went wrong
      "-n",     std::to_string(ranks), "--oversubscribe", "--bind-to", "none"};
  if (geteuid() == 0)
    words.push_back("--allow-run-as-root");
  words.push_back(program);
  words.insert(words.end(), arguments.program.begin(), arguments.program.end());
  std::vector<char *> argv;
  for (std::string &word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);

  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid < 0)
    return fail(RunFailed, std::string("fork: ") + std::strerror(errno));
  if (pid == 0) {
    // A group of its own, so that a terminal's Ctrl-C comes only to us.
    setpgid(0, 0);
    sigset_t stops = stopSignals();
    sigprocmask(SIG_UNBLOCK, &stops, nullptr);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
      _exit(RunFailed);
    // Ranks write into mpirun's pipes.
    if (isatty(STDERR_FILENO))
      setenv("VESCALE_TERMINAL", "1", 1);
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0)
      dup2(null, 0);
    execvp("mpirun", argv.data());
    _exit(fail(RunFailed, std::string("mpirun can't be started (") +
                              std::strerror(errno) +
                              "); several ranks need Open MPI"));
  }
  int status = 0, stops = waitFor(pid, status);
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  bool isKilled = code == 128 + SIGUSR1 || code == 128 + SIGTERM;
  if (stops && (code == Stopped || isKilled || (stops >= 3 && code != Done))) {
    // Ranks say more, if they have come to it.
    std::fprintf(stderr, "note: a signal ended the run; it can be started "
                         "again (exit code 75)\n");
    return Stopped;
  }
  switch (code) {
  case Done:
  case Usage:
  case BadInput:
  case Stopped:
    return code;
  default: // among others 128 + a signal that killed a rank
    return fail(RunFailed, "mpirun ended with exit code " +
                               std::to_string(code) +
                               "; called without -q it may say more");
  }
}

} // namespace

int main(int argc, char **argv) {
  sigset_t stops = stopSignals();
  sigprocmask(SIG_BLOCK, &stops, nullptr);
  Arguments arguments;
  std::string error = parse(argc, argv, arguments);
  if (arguments.help) {
    std::fputs(help, stdout);
    return Done;
  }
  if (!error.empty())
    return fail(Usage, error);
  long mesh = meshSize(arguments.bundle);
  if (mesh < 0)
    return BadInput;
  if (arguments.ranks && arguments.ranks != mesh)
    return fail(BadInput, "'" + arguments.bundle +
                              "' was compiled for a mesh of " +
                              std::to_string(mesh) + " ranks, not for " +
                              std::to_string(arguments.ranks));
  char path[PATH_MAX];
  if (!realpath((arguments.bundle + "/run").c_str(), path))
    return fail(BadInput, arguments.bundle + "/run: " + std::strerror(errno));
  if (mesh > 1)
    return runMpi(arguments, path, mesh);
  std::vector<char *> words = {path};
  for (std::string &word : arguments.program)
    words.push_back(word.data());
  words.push_back(nullptr);
  execv(path, words.data());
  return fail(BadInput, std::string(path) + ": " + std::strerror(errno));
}
