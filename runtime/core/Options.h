// The flags of an emitted program.
#ifndef VESCALE_RUNTIME_CORE_OPTIONS_H
#define VESCALE_RUNTIME_CORE_OPTIONS_H

#include <string>

namespace vescale::runtime {

struct Options {
  enum class TransportKind { Auto, Plain };

  std::string input, output, checkpoint;
  int repeat = 1, warmup = 0;
  bool timing = false; // --repeat was given
  double timeoutSeconds = 60;
  int threads = 0; // 0: cores / ranks of this machine
  TransportKind transport = TransportKind::Auto;
  bool json = false, help = false;
};

/// A Usage failure for anything unknown or malformed.
Options parseOptions(int argc, char **argv);
std::string helpText(const std::string &program);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_OPTIONS_H
