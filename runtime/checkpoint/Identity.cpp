// Hashes a bundle's plan and programs.
#include "runtime/checkpoint/Identity.h"

#include "runtime/io/MappedFile.h"

namespace vescale::runtime {

void identify(Progress &progress, const Manifest &manifest,
              const std::string &bundle) {
  std::string hashes;
  for (const ProgramEntry &program : manifest.programs)
    hashes += program.hash + "\n";
  progress.program =
      hashBytes(hashes.data(), static_cast<int64_t>(hashes.size())).text();
  MappedFile plan(bundle + "/plan.json", "plan");
  progress.plan = hashBytes(plan.data(), plan.size()).text();
}

} // namespace vescale::runtime
