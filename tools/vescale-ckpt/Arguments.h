// The command line of vescale-ckpt.
#ifndef VESCALE_TOOLS_VESCALE_CKPT_ARGUMENTS_H
#define VESCALE_TOOLS_VESCALE_CKPT_ARGUMENTS_H

#include <cstdint>
#include <string>
#include <vector>

namespace vescale::ckpt {

struct Arguments {
  std::string command;
  std::vector<std::string> paths;
  std::string output;
  int64_t step = 0;
  int64_t maxShardBytes = 5'000'000'000; // as Hugging Face's libraries have it
  bool json = false, help = false;
};

/// A Usage failure for anything unknown, missing or malformed.
Arguments parseArguments(int argc, char **argv);
extern const char *const helpText;

} // namespace vescale::ckpt

#endif // VESCALE_TOOLS_VESCALE_CKPT_ARGUMENTS_H
