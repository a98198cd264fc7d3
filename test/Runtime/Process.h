// Runs a command and collects what it says, for tests of whole programs.
#ifndef VESCALE_TEST_RUNTIME_PROCESS_H
#define VESCALE_TEST_RUNTIME_PROCESS_H

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace vescale::test {

class Process {
public:
  /// Output goes to files beside `scratch`. Variables with empty values are
  /// removed from the environment.
  Process(const std::vector<std::string> &words, const std::string &scratch,
          const std::map<std::string, std::string> &environment = {});
  ~Process();

  /// The exit code, or -1 if it did not end in time (it is then killed).
  int wait(double seconds = 30);
  /// Waits until it has said this; false if that takes too long.
  bool waitToSay(const std::string &text, double seconds);
  void signal(int number);
  std::string out() const;
  std::string err() const;

private:
  std::string outPath, errPath;
  pid_t pid = -1;
};

/// Processes whose executable is `path`, with the given variable set.
std::vector<pid_t> processesOf(const std::string &path,
                               const std::string &variable);
/// Waits until there are `count` of them; false if that takes too long.
bool waitForProcesses(const std::string &path, const std::string &variable,
                      size_t count, double seconds);
double seconds();

} // namespace vescale::test

#endif // VESCALE_TEST_RUNTIME_PROCESS_H
