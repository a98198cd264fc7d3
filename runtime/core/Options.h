// The flags of an emitted program.
#ifndef VESCALE_RUNTIME_CORE_OPTIONS_H
#define VESCALE_RUNTIME_CORE_OPTIONS_H

#include "runtime/transport/Delay.h"

#include <cstdint>
#include <optional>
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
  std::optional<LinkSpeed> link; // that exchanges are slowed down to
  bool json = false, help = false;

  // Of training programs.
  std::string data, saveDir, log, eval, trace;
  int64_t steps = -1; // none given
  int64_t saveEvery = 0, keep = 0, logEvery = 1;
  int64_t evalEvery = 0, evalBatches = 0; // at the end alone; what there is
  int64_t traceSteps = 0;                 // none given
  bool resume = false;
  std::optional<bool> wideTokens; // of 4 bytes, not 2

  /// A flag that was given and that only programs of the one kind have a use
  /// for, if there is one.
  std::string inferenceFlag, trainingFlag;
};

/// A Usage failure for anything unknown or malformed.
Options parseOptions(int argc, char **argv);
std::string helpText(const std::string &program);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_OPTIONS_H
