// Reports failures on stderr and in TORCHELASTIC_ERROR_FILE.
#include "runtime/core/Error.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>

namespace vescale::runtime {

std::string shapeText(const std::vector<int64_t> &shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

std::string printable(const std::string &text) {
  constexpr const char *digits = "0123456789abcdef";
  std::string result;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte >= 0x20 && byte != 0x7f) || c == '\n')
      result += c;
    else
      result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
  }
  return result;
}

std::string errnoText() {
  std::string text = std::strerror(errno);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
    text[0] += 'a' - 'A';
  return text;
}

void reportFailure(const Failure &failure, int rank, int ranks) {
  std::string prefix =
      ranks > 1 ? cat("error: rank ", rank, ": ") : std::string("error: ");
  std::string line = prefix + failure.what() + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);

  const char *path = std::getenv("TORCHELASTIC_ERROR_FILE");
  if (!path || !*path)
    return;
  nlohmann::json error;
  error["message"]["message"] = failure.what();
  error["message"]["extraInfo"]["timestamp"] =
      std::to_string(static_cast<long long>(std::time(nullptr)));
  error["message"]["extraInfo"]["rank"] = rank;
  error["message"]["extraInfo"]["exit_code"] = static_cast<int>(failure.code);
  std::ofstream(path) << error.dump(-1, ' ', false,
                                    nlohmann::json::error_handler_t::replace)
                      << "\n";
}

} // namespace vescale::runtime
