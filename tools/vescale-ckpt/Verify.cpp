// Checks all checksums of a step.
#include "runtime/checkpoint/Load.h"
#include "runtime/core/Error.h"
#include "tools/vescale-ckpt/Commands.h"
#include "tools/vescale-ckpt/Meter.h"

#include <nlohmann/json.hpp>

#include <cstdio>

using namespace vescale::runtime;

namespace vescale::ckpt {

int verify(const Arguments &arguments) {
  SavedStep step(systemFiles(), arguments.paths[0]);
  int64_t bytes = 0, chunks = 0;
  for (const IndexFile &file : step.index().files)
    bytes += file.bytes;
  for (const IndexTensor &tensor : step.index().tensors)
    chunks += static_cast<int64_t>(tensor.chunks.size());
  {
    Meter meter("verifying", bytes);
    step.verify([&](int64_t block) { meter.add(block); });
  }
  if (arguments.json)
    std::printf("%s\n", nlohmann::ordered_json(
                            {{"path", step.path()},
                             {"step", step.index().progress.step},
                             {"tensors", step.index().tensors.size()},
                             {"chunks", chunks},
                             {"read_bytes", bytes}})
                            .dump()
                            .c_str());
  else
    std::printf("%s: good: every element of %zu tensors once, in %lld chunks, "
                "%s\n",
                printable(step.path()).c_str(), step.index().tensors.size(),
                static_cast<long long>(chunks), bytesText(bytes).c_str());
  return 0;
}

} // namespace vescale::ckpt
