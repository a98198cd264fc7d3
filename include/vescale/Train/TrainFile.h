//===- TrainFile.h - What a training step is, as people write it *- C++ -*-===//
//
// The JSON file of --train (docs/Reference/train-file.md): loss, optimizer,
// schedule, and where the inputs come from.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_TRAIN_TRAINFILE_H
#define VESCALE_TRAIN_TRAINFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <map>
#include <string>
#include <vector>

namespace vescale {

struct LossOptions {
  enum Kind {
    /// -log softmax(logits)[label], the mean over labels that count.
    CrossEntropy,
    /// (prediction - target)², the mean over elements.
    MeanSquaredError,
    /// An output of the model is the loss already.
    Output
  };
  Kind kind = CrossEntropy;
  /// The output of the model that the loss reads, or is. Empty: the only one.
  std::string output;
  /// The name of the input with labels or targets, which is added.
  std::string labels = "labels";
  /// Labels that don't count.
  int64_t ignoreIndex = -100;
  /// The share of each label that goes to all classes evenly (Szegedy et al.,
  /// Rethinking the Inception Architecture, 2016).
  double labelSmoothing = 0;
};

struct OptimizerOptions {
  enum Kind {
    AdamW, ///< Loshchilov and Hutter, Decoupled Weight Decay Regularization
    Sgd    ///< with momentum as PyTorch has it
  };
  Kind kind = AdamW;
  double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weightDecay = 0.1;
  double momentum = 0.9;
  /// Parameters without weight decay: globs over names; `1d` stands for those
  /// of one dimension at most.
  std::vector<std::string> noDecay = {"1d"};
};

struct ScheduleOptions {
  enum Kind { Constant, Linear, Cosine };
  Kind kind = Cosine;
  double peak = 1e-3;
  /// The rate at the end of a linear or cosine schedule and after it.
  double last = 1e-4;
  /// Step t, from 0, of the warm-up has the rate peak · (t + 1) / warmupSteps.
  int64_t warmupSteps = 10, totalSteps = 1000;
};

/// The rates of dropout. What is not said is as the export has it.
struct DropoutOptions {
  /// Of the first state of the residual stream, of attention's weights, and of
  /// what a layer adds to the stream, whether the export has dropouts there or
  /// not.
  std::optional<double> embedding, attention, residual;
  /// Of the export's dropouts whose node's or module's name matches a glob; the
  /// last match counts.
  struct Rate {
    std::string match;
    double rate = 0;
  };
  std::vector<Rate> exported;
};

/// What batch normalization goes by in training.
enum class BatchNorm {
  Batch, ///< each batch's own statistics, which move the running ones
  Frozen ///< the running statistics, which stay as they are
};

/// Where an input of the step comes from.
struct DataOptions {
  /// The name of an array of the data file, or of the tokens of a token file.
  std::string from;
  /// Of tokens: how far behind the sample's first one it begins.
  int64_t shift = 0;
  /// Instead of `from`: this number in every element.
  std::optional<double> fill;
};

struct TrainFile {
  enum Precision { F32, BF16 };
  /// In what products are computed.
  Precision compute = F32;
  /// In what gradients are summed over ranks; at least as wide as `compute`.
  Precision reduce = F32;
  LossOptions loss;
  OptimizerOptions optimizer;
  ScheduleOptions learningRate;
  /// The largest norm that all gradients together may have; 0 (null in the
  /// file): any.
  double clipNorm = 1.0;
  /// Without it the export must not have switched any dropout off.
  std::optional<DropoutOptions> dropout;
  /// Without it the export must say.
  std::optional<BatchNorm> batchNorm;
  /// How many batches of the model's size make a step.
  int64_t microBatches = 1;
  /// Globs over the names of parameters that are not trained.
  std::vector<std::string> frozen;
  std::map<std::string, DataOptions> data;
  /// The order of samples: shuffled, or sequential as they are stored.
  std::string order = "shuffled";
  uint64_t seed = 1234;
};

/// Reads a train file. Errors name the file, the field and what is wrong. Each
/// of `set` is FIELD=VALUE, as optimizer.epsilon=1e-6, and takes the place of
/// the file's: VALUE is JSON, or else a text; without one the field has its
/// default.
llvm::Expected<TrainFile> parseTrainFile(llvm::StringRef text,
                                         llvm::StringRef file,
                                         llvm::ArrayRef<std::string> set = {});
llvm::Expected<TrainFile> readTrainFile(llvm::StringRef file,
                                        llvm::ArrayRef<std::string> set = {});
/// As JSON with every field; parseTrainFile() reads back the same.
std::string printTrainFile(const TrainFile &train);
/// A train file to begin with, which explains itself.
llvm::StringRef defaultTrainFile();

} // namespace vescale

#endif // VESCALE_TRAIN_TRAINFILE_H
