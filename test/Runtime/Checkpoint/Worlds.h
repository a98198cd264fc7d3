// Models of random tensors, and worlds that hold them in random layouts.
//
// Element by element and without the library's runs and boxes, so that these
// are judged and not repeated.
#ifndef VESCALE_TEST_RUNTIME_CHECKPOINT_WORLDS_H
#define VESCALE_TEST_RUNTIME_CHECKPOINT_WORLDS_H

#include "runtime/checkpoint/RankState.h"
#include "runtime/checkpoint/Save.h"

#include <random>

namespace vescale::test {

using Random = std::mt19937_64;
int64_t below(Random &random, int64_t n);

struct Tensor {
  std::string name;
  vs_dtype dtype;
  std::vector<int64_t> shape;
  std::vector<char> data;
};

struct Model {
  std::vector<Tensor> tensors;
  std::string file; // has all data, in order

  /// `file` is written.
  static Model random(Random &random, const std::string &file);
  /// The same names and shapes with other data.
  Model changed(Random &random) const;
};

/// A mesh of 1 to 8 ranks, and for each tensor views in any layout on it.
runtime::Manifest randomManifest(Random &random, const Model &model);
/// Whole tensors, dimension 0 sharded over one axis of `ranks`.
runtime::Manifest simpleManifest(const Model &model, int64_t ranks);

/// All ranks of a program, with their memory.
class World {
public:
  explicit World(runtime::Manifest manifest);
  World(const World &) = delete;
  World &operator=(const World &) = delete;

  /// As if the program had computed it.
  void fill(const Model &model);
  /// Memory holds nothing of use.
  void scramble();
  /// The first difference, or nothing.
  std::string difference(const Model &model) const;

  void load(runtime::FileOps &ops, const std::string &path);
  /// Saves on all ranks, one after the other.
  void save(runtime::FileOps &ops, const std::string &saveDir, int64_t step,
            uint64_t run, int64_t keep = 0, int64_t writeBytes = 1 << 20);

  runtime::Manifest manifest;
  runtime::ChunkPlan plan;
  std::vector<runtime::RankState> ranks;

private:
  void forEachElement(
      const std::function<void(int64_t rank, size_t parameter, int64_t local,
                               int64_t stored)> &body) const;

  std::vector<std::vector<std::vector<char>>> memory; // by rank, parameter
};

/// All of the step's tensors read whole; the first difference, or nothing.
std::string stepDifference(runtime::FileOps &ops, const std::string &path,
                           const Model &model);

} // namespace vescale::test

#endif // VESCALE_TEST_RUNTIME_CHECKPOINT_WORLDS_H
