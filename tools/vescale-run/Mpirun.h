// Starts ranks, through Open MPI where there are several.
#ifndef VESCALE_TOOLS_VESCALE_RUN_MPIRUN_H
#define VESCALE_TOOLS_VESCALE_RUN_MPIRUN_H

#include <string>
#include <vector>

namespace vescale {

/// Prints the error and returns its exit code.
int fail(int code, const std::string &message);

/// Lets signals that ask for an orderly stop wait for who can act on them. To
/// be called first, so that none falls between two programs.
void holdStops();

/// Runs a program on ranks of this machine, through mpirun if there are
/// several; returns an exit code of ExitCodes.h. A stop is handed on to the
/// ranks.
int runRanks(long ranks, const std::string &program,
             const std::vector<std::string> &arguments);

} // namespace vescale

#endif // VESCALE_TOOLS_VESCALE_RUN_MPIRUN_H
