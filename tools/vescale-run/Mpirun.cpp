// Starts ranks, through Open MPI where there are several.
#include "tools/vescale-run/Mpirun.h"

#include "vescale/Support/ExitCodes.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace vescale;

int vescale::fail(int code, const std::string &message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  return code;
}

/// What asks for an orderly stop.
static sigset_t stopSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGUSR1})
    sigaddset(&set, signal);
  return set;
}

void vescale::holdStops() {
  sigset_t stops = stopSignals();
  sigprocmask(SIG_BLOCK, &stops, nullptr);
}

/// Waits for mpirun and hands stops on; how many there were, and its status.
/// mpirun kills its ranks within a second of SIGTERM, but it forwards SIGUSR1,
/// to those ranks that run by then: it is told until it has ended. Who asks
/// three times gets what they want.
static int waitFor(pid_t mpirun, int &status) {
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

/// The launcher and its flags; nothing for a rank alone.
static std::vector<std::string> launcherOf(long ranks) {
  if (ranks == 1)
    return {};
  std::vector<std::string> words = {
      "mpirun",
      "-q", // ranks say themselves what went wrong
      "-n",     std::to_string(ranks), "--oversubscribe", "--bind-to", "none"};
  if (geteuid() == 0)
    words.push_back("--allow-run-as-root");
  return words;
}

int vescale::runRanks(long ranks, const std::string &program,
                      const std::vector<std::string> &arguments) {
  std::vector<std::string> words = launcherOf(ranks);
  words.push_back(program);
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char *> argv;
  for (std::string &word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);

  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid < 0)
    return fail(exitRunFailed, std::string("fork: ") + std::strerror(errno));
  if (pid == 0) {
    // A session of its own, so that a terminal's Ctrl-C comes only to us.
    setsid();
    sigset_t stops = stopSignals();
    sigprocmask(SIG_UNBLOCK, &stops, nullptr);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
      _exit(exitRunFailed);
    // Ranks write into mpirun's pipes.
    if (isatty(STDERR_FILENO))
      setenv("VESCALE_TERMINAL", "1", 1);
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0)
      dup2(null, 0);
    execvp(argv[0], argv.data());
    _exit(fail(exitRunFailed,
               words[0] + " can't be started (" + std::strerror(errno) + ")" +
                   (ranks > 1 ? "; several ranks need Open MPI" : "")));
  }
  int status = 0, stops = waitFor(pid, status);
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  bool isKilled = code == 128 + SIGUSR1 || code == 128 + SIGTERM;
  if (stops && (code == exitStartAgain || isKilled ||
                (stops >= 3 && code != exitDone))) {
    // Ranks say more, if they have come to it.
    std::fprintf(stderr, "note: a signal ended the run; it can be started "
                         "again (exit code 75)\n");
    return exitStartAgain;
  }
  switch (code) {
  case exitDone:
  case exitUsage:
  case exitBadInput:
  case exitStartAgain:
    return code;
  default: // among others 128 + a signal that killed a rank
    return fail(exitRunFailed,
                words[0] + " ended with exit code " + std::to_string(code) +
                    (ranks > 1 ? "; called without -q it may say more" : ""));
  }
}
