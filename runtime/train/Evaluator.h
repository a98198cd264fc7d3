// Evaluation between the steps of a training: the mean loss of a file that is
// not trained on.
#ifndef VESCALE_RUNTIME_TRAIN_EVALUATOR_H
#define VESCALE_RUNTIME_TRAIN_EVALUATOR_H

#include "runtime/core/Executor.h"
#include "runtime/core/Options.h"
#include "runtime/train/Data.h"

namespace vescale::runtime {

class Evaluator {
public:
  /// Opens the file of --eval. BadInput failures: what the data refuses, a file
  /// with fewer batches than asked for, a program that cannot evaluate.
  Evaluator(const Manifest &manifest, const Options &options,
            const vs_program &program, int rank);

  struct Result {
    double loss; // the mean over all that counts
    double ms;
  };
  /// All ranks call it. Inputs are others' afterwards, the state is as it was.
  Result run(Executor &executor, const Addresses &addresses,
             Transport &transport);

private:
  const Manifest &manifest;
  Data data;
  int64_t batches;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRAIN_EVALUATOR_H
