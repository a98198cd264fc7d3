//===- RunCompiled.h - Runs a loaded program in this process ----*- C++ -*-===//
//
// The runtime throws, the compiler's code does not catch: this lies between.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_TEST_PROPERTY_RUNCOMPILED_H
#define VESCALE_TEST_PROPERTY_RUNCOMPILED_H

#include "runtime/core/abi.h"
#include <string>
#include <vector>

namespace vescale::test {

struct RunRequest {
  const vs_program *program;
  /// manifest.json.
  std::string manifest;
  /// Holds weights/weights.bin.
  std::string bundle;
  int ranks = 1;
  /// For each rank.
  int threads = 1;
  /// The inputs' bytes, in the manifest's order.
  std::vector<std::vector<char>> inputs;
};

/// Runs the program twice on ranks that are threads, and returns the outputs'
/// bytes in the manifest's order; else leaves a message in `error`, also where
/// the second run gives other bits than the first.
std::vector<std::vector<char>> runCompiled(const RunRequest &request,
                                           std::string &error);

} // namespace vescale::test

#endif // VESCALE_TEST_PROPERTY_RUNCOMPILED_H
