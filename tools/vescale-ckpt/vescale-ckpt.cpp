// vescale-ckpt: looks into checkpoints and converts them.
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "tools/vescale-ckpt/Commands.h"

#include <cstdio>

using namespace vescale;
using namespace vescale::runtime;

static int run(const ckpt::Arguments &arguments) {
  if (arguments.command == "inspect")
    return ckpt::inspect(arguments);
  if (arguments.command == "verify")
    return ckpt::verify(arguments);
  if (arguments.command == "diff")
    return ckpt::diff(arguments);
  if (arguments.command == "reshard")
    return ckpt::reshard(arguments);
  if (arguments.command == "import")
    return ckpt::importHub(arguments);
  return ckpt::exportHub(arguments);
}

int main(int argc, char **argv) {
  try {
    ckpt::Arguments arguments = ckpt::parseArguments(argc, argv);
    if (arguments.help) {
      std::fputs(ckpt::helpText, stdout);
      return 0;
    }
    setThreadCount(coreCount(allowedCores()));
    return run(arguments);
  } catch (const Failure &failure) {
    reportFailure(failure, 0, 1);
    return static_cast<int>(failure.code);
  } catch (const std::exception &error) {
    reportFailure(Failure(ExitCode::RunFailed, error.what()), 0, 1);
    return static_cast<int>(ExitCode::RunFailed);
  }
}
