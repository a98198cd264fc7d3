// Child processes for tests.
#include "test/Runtime/Process.h"

#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace vescale::test {

static std::string readAll(const std::string &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

double seconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Process::Process(const std::vector<std::string> &words,
                 const std::string &scratch,
                 const std::map<std::string, std::string> &environment)
    : outPath(scratch + ".out"), errPath(scratch + ".err") {
  pid = fork();
  if (pid != 0)
    return;
  for (auto &[name, value] : environment)
    value.empty() ? unsetenv(name.c_str())
                  : setenv(name.c_str(), value.c_str(), 1);
  dup2(open(outPath.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), 1);
  dup2(open(errPath.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), 2);
  std::vector<char *> argv;
  for (const std::string &word : words)
    argv.push_back(const_cast<char *>(word.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

Process::~Process() { wait(0); }

int Process::wait(double limit) {
  if (pid < 0)
    return -1;
  int status = 0;
  for (double end = seconds() + limit;;) {
    if (waitpid(pid, &status, WNOHANG) == pid)
      break;
    if (seconds() > end) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
      pid = -1;
      return -1;
    }
    usleep(5000);
  }
  pid = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Process::waitToSay(const std::string &text, double limit) {
  for (double end = seconds() + limit; seconds() < end; usleep(20000))
    if (err().find(text) != std::string::npos)
      return true;
  return false;
}

void Process::signal(int number) { kill(pid, number); }
std::string Process::out() const { return readAll(outPath); }
std::string Process::err() const { return readAll(errPath); }

std::vector<pid_t> processesOf(const std::string &path,
                               const std::string &variable) {
  namespace fs = std::filesystem;
  std::vector<pid_t> found;
  for (const auto &entry : fs::directory_iterator("/proc")) {
    std::string name = entry.path().filename();
    std::error_code error;
    if (name.find_first_not_of("0123456789") != std::string::npos ||
        fs::read_symlink(entry.path() / "exe", error) != path || error)
      continue;
    std::string environment = readAll(entry.path() / "environ");
    if (variable.empty() ||
        ('\0' + environment).find('\0' + variable + '\0') != std::string::npos)
      found.push_back(std::stoi(name));
  }
  return found;
}

bool waitForProcesses(const std::string &path, const std::string &variable,
                      size_t count, double limit) {
  for (double end = seconds() + limit; seconds() < end; usleep(20000))
    if (processesOf(path, variable).size() == count)
      return true;
  return false;
}

} // namespace vescale::test
