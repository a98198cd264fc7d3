// Loads the MPI transport.
#include "runtime/transport/MpiModule.h"

#include "runtime/core/Error.h"

#include <dlfcn.h>

namespace vescale::runtime {

std::unique_ptr<Transport> openMpiTransport(const std::string &path,
                                            MpiMode mode, const PollFn &poll) {
  // What MPI loads in turn looks for its symbols here.
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!library)
    fail(ExitCode::RunFailed,
         "several ranks need the MPI transport: ", dlerror(),
         " (Open MPI's libraries must be installed)");
  auto *entry =
      reinterpret_cast<MpiEntryFn *>(dlsym(library, VESCALE_MPI_ENTRY));
  if (!entry)
    fail(ExitCode::RunFailed, path, " is not a transport: ", dlerror());
  return std::unique_ptr<Transport>(entry(mode, poll));
}

} // namespace vescale::runtime
