// The data that a run trains on: token files and arrays, of which each rank
// reads the rows and columns that its shards of the inputs have.
#ifndef VESCALE_RUNTIME_TRAIN_DATA_H
#define VESCALE_RUNTIME_TRAIN_DATA_H

#include "runtime/core/Manifest.h"
#include "runtime/core/Options.h"
#include "runtime/io/MappedFile.h"
#include "runtime/io/TensorFile.h"
#include "runtime/kernels/Step.h"

#include <algorithm>
#include <memory>

namespace vescale::runtime {

/// Unsigned little-endian integers without a header, as nanoGPT writes them.
enum class TokenWidth { U16 = 2, U32 = 4 };

inline TokenWidth tokenWidth(const Options &options) {
  return options.wideTokens.value_or(false) ? TokenWidth::U32 : TokenWidth::U16;
}

/// Whether the file is one of tokens, and not of arrays.
bool isTokenFile(const std::string &path);

/// Which samples a batch has.
enum class DataUse {
  Train,   // in the train file's order: any number of batches
  Evaluate // the file's, in order, each once; of tokens windows side by side
};

class Data {
public:
  /// Opens the file (.bin: tokens; .npy, .npz, .safetensors: arrays whose first
  /// dimension counts samples) and refuses what does not fit the inputs, by
  /// name.
  Data(const Manifest &manifest, const std::string &path, TokenWidth width,
       int64_t rank, DataUse use);

  /// Samples of one step, of all ranks.
  int64_t batchOfStep() const { return batch * microBatches; }
  /// Tokens, or else samples, of one step, for rates.
  int64_t tokensOfStep() const { return tokensPerSample * batchOfStep(); }

  bool isTokens() const { return tokens != nullptr; }
  /// Samples that the file has, of tokens windows side by side, and the batches
  /// of a step that they fill.
  int64_t sampleCount() const { return samples; }
  int64_t wholeBatches() const {
    return samples / std::max<int64_t>(batchOfStep(), 1);
  }

  /// Fills this rank's inputs for a micro-batch of a step. To evaluate, steps
  /// count whole batches from 0.
  void place(const Addresses &addresses, int64_t step, int64_t microBatch);

private:
  struct Input {
    const Port *port;
    DataSource source;
    Shard shard;
    size_t tensor = 0;            // in `arrays`
    std::vector<char> whole = {}; // the array, if its file can't be mapped
    const char *data = nullptr;
  };
  void addRows(const Port &port, int64_t rank);
  int64_t firstRow(const Input &input, int64_t microBatch) const;
  void openTokens(const std::string &path);
  void openArrays(const std::string &path);
  void placeTokens(const Input &input, char *to, int64_t firstSample);
  void placeArray(Input &input, char *to, int64_t firstSample);
  int64_t tokenAt(int64_t index) const;

  const Manifest &manifest;
  std::string path;
  TokenWidth width;
  SampleOrder order;
  std::vector<Input> inputs;
  std::optional<Input> rows; // of which row of the step a sample is
  std::unique_ptr<MappedFile> tokens;
  int64_t tokenCount = 0, sequence = 0;
  std::unique_ptr<TensorFile> arrays;
  std::unique_ptr<ArraySampler> sampler;
  int64_t batch = 0, microBatches = 1, tokensPerSample = 1, samples = 0;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRAIN_DATA_H
