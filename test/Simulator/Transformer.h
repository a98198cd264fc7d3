//===- Transformer.h - A transformer's training as work items ---*- C++ -*-===//
//
// What a rank of a tensor and sequence parallel transformer computes and
// exchanges for one micro-batch, layer by layer, in bf16 (Korthikanti et al.
// 2022): activations between the products are split over the sequence.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_TEST_SIMULATOR_TRANSFORMER_H
#define VESCALE_TEST_SIMULATOR_TRANSFORMER_H

#include "vescale/Simulator/WorkItem.h"

namespace vescale::simulator {

struct Transformer {
  int64_t layers, hidden, inner, heads, keyHeads, vocabulary, sequence;
  bool isGated;         ///< SwiGLU and rotary positions; else GELU.
  bool isParallelBlock; ///< x + MLP(N(x)) + Attention(N(x)).
  int64_t window;       ///< How many keys a query sees, itself included.

  int64_t headSize() const { return hidden / heads; }
  /// Of products: what a token is multiplied with.
  double layerParameters() const;
  double headParameters() const { return double(hidden) * vocabulary; }
  /// How many keys a query sees on average.
  double meanKeys() const;
  /// For a token's forward and backward: six for each parameter, and attention
  /// as if queries saw keys behind them too, as is customary (Chowdhery et al.
  /// 2022); a window makes that less in proportion.
  double modelFlops() const;
};

/// How it is run.
struct Program {
  int64_t tensorParallel;
  /// Exchanges beside the products that they are for, cut into pieces.
  bool overlapsTensorParallel;
  /// What attention's kernels reach of the device's peak.
  double attentionOfPeak;
};

/// One sequence.
class LayerWork {
public:
  LayerWork(const Transformer &model, const Program &program)
      : model(model), program(program) {}

  std::vector<WorkItem> forward() const;
  std::vector<WorkItem> backward() const;
  std::vector<WorkItem> embeddingForward() const;
  std::vector<WorkItem> embeddingBackward() const;
  std::vector<WorkItem> headForward() const;
  std::vector<WorkItem> headBackward() const;
  /// Of what is sent from stage to stage.
  int64_t boundaryBytes() const { return wholeBytes() / ranks(); }

private:
  using Items = std::vector<WorkItem>;
  int64_t ranks() const { return program.tensorParallel; }
  int64_t tokens() const { return model.sequence; }
  int64_t wholeBytes() const { return 2 * tokens() * model.hidden; }
  /// `perToken` elements read or written for each of a rank's own tokens.
  void addStream(Items &items, const char *name, double perToken) const;
  /// tokens × in by in × out.
  void addProduct(Items &items, const char *name, int64_t in,
                  int64_t out) const;
  /// The gradients of its operands.
  void addGradients(Items &items, const char *name, int64_t in,
                    int64_t out) const;
  void addExchange(Items &items, Collective kind, bool overlapped) const;
  /// So many products over queries and keys, so many tensors in memory.
  void addAttention(Items &items, double products, double tensors) const;
  /// Widths on a rank.
  int64_t queriesKeysValues() const;
  int64_t attended() const { return model.hidden / ranks(); }
  int64_t innerIn() const;
  int64_t inner() const { return model.inner / ranks(); }

  const Transformer &model;
  const Program &program;
};

} // namespace vescale::simulator

#endif // VESCALE_TEST_SIMULATOR_TRANSFORMER_H
