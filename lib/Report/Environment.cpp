//===- Environment.cpp - What vescale finds on a machine --------*- C++ -*-===//
//
// Libraries are opened the way programs open them, so that what is reported
// available loads.
//
//===----------------------------------------------------------------------===//
#include "vescale/Report/Environment.h"
#include "dnnl_version.h"
#include "lib/Report/Machine.h"
#include "vescale/Codegen/Target.h"
#include "llvm-c/Core.h"
#include "llvm/Support/Program.h"
#include <dlfcn.h>

using namespace llvm;
using namespace vescale;

namespace {
/// What dnnl_version() returns; the fields are oneDNN's.
struct DnnlVersion {
  int major, minor, patch;
};
} // namespace

static std::string linkedLlvm() {
  unsigned major, minor, patch;
  LLVMGetVersion(&major, &minor, &patch);
  return (Twine(major) + "." + Twine(minor) + "." + Twine(patch)).str();
}

static Part readDnnl() {
  Part part{"oneDNN", "", ""};
  std::string file = "libdnnl.so." + std::to_string(DNNL_VERSION_MAJOR);
  void *library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    part.problem = dlerror();
    return part;
  }
  using VersionFn = const DnnlVersion *();
  auto *version = reinterpret_cast<VersionFn *>(dlsym(library, "dnnl_version"));
  if (!version) {
    part.problem = file + " is not oneDNN: it lacks dnnl_version";
    return part;
  }
  const DnnlVersion *found = version();
  part.detail = (Twine(found->major) + "." + Twine(found->minor) + "." +
                 Twine(found->patch))
                    .str();
  return part;
}

/// The MPI that the transport in `libraryDir` is linked to.
static Part readMpi(StringRef libraryDir) {
  Part part{"MPI", "", ""};
  std::string file = (libraryDir + "/libvescale_transport_mpi.so").str();
  // MPI libraries open parts of themselves, which need their symbols global.
  void *library = dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!library) {
    part.problem = dlerror();
    return part;
  }
  // MPI_Get_library_version may be called before MPI_Init. Its buffer needs
  // MPI_MAX_LIBRARY_VERSION_STRING, which is 8192 at most in MPICH and 256 in
  // Open MPI.
  using VersionFn = int(char *, int *);
  auto *version =
      reinterpret_cast<VersionFn *>(dlsym(library, "MPI_Get_library_version"));
  if (!version) {
    part.problem = file + " finds no MPI 3 library";
    return part;
  }
  std::string text(8192, '\0');
  int length = 0;
  version(text.data(), &length);
  // The first line, up to Open MPI's list of package details.
  part.detail = StringRef(text.data(), length)
                    .split('\n')
                    .first.split(',')
                    .first.rtrim()
                    .str();
  return part;
}

static Part readLauncher() {
  Part part{"mpirun", "", ""};
  ErrorOr<std::string> path = sys::findProgramByName("mpirun");
  if (path)
    part.detail = *path;
  else
    part.problem = "not on PATH; programs of several ranks need it or srun";
  return part;
}

/// What programs can be compiled for to run here.
static Part readTarget(StringRef kind) {
  Part part{kind.str(), "", ""};
  Expected<std::unique_ptr<CodegenTarget>> target =
      createTarget(kind, /*march=*/"");
  if (target)
    part.detail = (*target)->isa().str();
  else
    part.problem = toString(target.takeError());
  return part;
}

static std::vector<Part> readTransports(const Part &mpi, const Memory &memory) {
  std::string problem = mpi.isAvailable() ? "" : "MPI is missing";
  Part inproc{"in-process", "1 rank", ""};
  Part windows{"MPI shared windows", "ranks on one machine", problem};
  Part plain{"plain MPI", "across machines", problem};
  if (windows.isAvailable() && memory.sharedFree <= 0)
    windows.problem = "no space in /dev/shm; ranks exchange over plain MPI";
  return {inproc, windows, plain};
}

Environment vescale::readEnvironment(StringRef libraryDir) {
  Environment environment;
  environment.version = VESCALE_VERSION;
  environment.llvmVersion = linkedLlvm();
  environment.processor = readProcessor();
  environment.memory = readMemory();
  Part mpi = readMpi(libraryDir);
  environment.libraries = {readDnnl(), mpi, readLauncher()};
  environment.targets = {readTarget("cpu")};
  environment.transports = readTransports(mpi, environment.memory);
  return environment;
}
