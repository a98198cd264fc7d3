// Failures that end a run: a message for the user and the process's exit code.
#ifndef VESCALE_RUNTIME_CORE_ERROR_H
#define VESCALE_RUNTIME_CORE_ERROR_H

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace vescale::runtime {

enum class ExitCode : int {
  Done = 0,
  RunFailed = 1,
  Usage = 2,
  BadInput = 3,
  NoPlan = 4,
  Stopped = 75,
};

/// The text with control characters but newlines as \xNN: names in files are
/// anybody's, and a message must not steer a terminal.
std::string printable(const std::string &text);

class __attribute__((visibility("default"))) Failure
    : public std::runtime_error {
public:
  Failure(ExitCode code, const std::string &message)
      : std::runtime_error(printable(message)), code(code) {}
  ExitCode code;
};

template <typename... Ts> std::string cat(const Ts &...parts) {
  std::ostringstream os;
  (void)(os << ... << parts);
  return os.str();
}

template <typename... Ts>
[[noreturn]] void fail(ExitCode code, const Ts &...parts) {
  throw Failure(code, cat(parts...));
}

/// "2x3x4", "scalar" for no dimensions.
std::string shapeText(const std::vector<int64_t> &shape);

/// The error's text from errno, e.g. "no such file or directory".
std::string errnoText();

/// Writes the failure to stderr and, if TORCHELASTIC_ERROR_FILE is set, as one
/// JSON object to that file.
void reportFailure(const Failure &failure, int rank, int ranks);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_ERROR_H
