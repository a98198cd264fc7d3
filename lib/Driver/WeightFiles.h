//===- WeightFiles.h - Weights where they lie, and checkpoints --*- C++ -*-===//
//
// What the compiler shares with the runtime of reading checkpoints and hashing
// files, without its exceptions.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_DRIVER_WEIGHTFILES_H
#define VESCALE_LIB_DRIVER_WEIGHTFILES_H

#include <cstdint>
#include <string>
#include <vector>

namespace vescale {

/// A parameter as the author's model has it; `tied` are other names of it.
struct WantedWeight {
  std::string name, dtype;
  std::vector<int64_t> shape;
  std::vector<std::string> tied;
};
struct WeightPlace {
  std::string file; ///< absolute
  int64_t offset, bytes;
};
/// Where the checkpoint at `path` has the weights, in their order, and a remark
/// on what had to be done to the names. False leaves an error's text.
bool findWeights(const std::string &path,
                 const std::vector<WantedWeight> &wanted,
                 std::vector<WeightPlace> &places, std::string &remark,
                 std::string &error);

/// What a file is known by.
struct WeightFile {
  int64_t bytes, modifiedNs, changedNs;
  std::string hash;
};
bool identifyWeightFile(const std::string &path, WeightFile &file,
                        std::string &error);

} // namespace vescale

#endif // VESCALE_LIB_DRIVER_WEIGHTFILES_H
