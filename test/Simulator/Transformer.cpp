//===- Transformer.cpp - A transformer's training as work items -*- C++ -*-===//

#include "Transformer.h"
#include <algorithm>

using namespace vescale;
using namespace vescale::simulator;

double Transformer::layerParameters() const {
  double attention =
      2.0 * hidden * hidden + 2.0 * hidden * keyHeads * headSize();
  return attention + (isGated ? 3.0 : 2.0) * hidden * inner;
}

double Transformer::meanKeys() const {
  // Query i sees min(i, window) keys.
  double w = std::min(window, sequence), s = sequence;
  return (w * (w + 1) / 2 + (s - w) * w) / s;
}

double Transformer::modelFlops() const {
  double keys = meanKeys() / ((sequence + 1) / 2.0) * sequence;
  return 6 * (layers * layerParameters() + headParameters()) +
         12 * double(layers) * hidden * keys;
}

int64_t LayerWork::queriesKeysValues() const {
  return (model.heads + 2 * model.keyHeads) * model.headSize() / ranks();
}

int64_t LayerWork::innerIn() const { return (model.isGated ? 2 : 1) * inner(); }

void LayerWork::addStream(Items &items, const char *name,
                          double perToken) const {
  items.push_back({name, Stream{0, 2.0 * tokens() / ranks() * perToken}});
}

void LayerWork::addProduct(Items &items, const char *name, int64_t in,
                           int64_t out) const {
  items.push_back({name, Gemm{"bf16", 1, tokens(), out, in}});
}

void LayerWork::addGradients(Items &items, const char *name, int64_t in,
                             int64_t out) const {
  items.push_back({name, Gemm{"bf16", 1, tokens(), in, out}});
  items.push_back({name, Gemm{"bf16", 1, in, out, tokens()}});
}

void LayerWork::addExchange(Items &items, Collective kind,
                            bool overlapped) const {
  Exchange exchange{kind, wholeBytes(), {}, overlapped};
  exchange.group.axes.push_back({ranks(), 1});
  items.push_back({"tensor parallel", exchange});
}

void LayerWork::addAttention(Items &items, double products,
                             double tensors) const {
  double flops = products * 2 * tokens() * model.meanKeys() * attended();
  double bytes = tensors * 2 * tokens() * attended();
  items.push_back({"attention", FusedProducts{"bf16", flops, bytes,
                                              program.attentionOfPeak}});
}

std::vector<WorkItem> LayerWork::forward() const {
  Items items;
  bool overlaps = program.overlapsTensorParallel;
  addStream(items, "norm", 2 * model.hidden);
  addExchange(items, Collective::AllGather, overlaps);
  addProduct(items, "queries, keys, values", model.hidden, queriesKeysValues());
  if (model.isGated) // rotary
    addStream(items, "positions",
              2 * (model.heads + model.keyHeads) * model.headSize());
  addAttention(items, 2, 4);
  addProduct(items, "attention out", attended(), model.hidden);
  if (!model.isParallelBlock) {
    addExchange(items, Collective::ReduceScatter, overlaps);
    addStream(items, "residual", 3 * model.hidden);
    addStream(items, "norm", 2 * model.hidden);
    addExchange(items, Collective::AllGather, overlaps);
  }
  addProduct(items, "inner", model.hidden, innerIn());
  addStream(items, "activation", (model.isGated ? 3 : 2) * model.inner);
  addProduct(items, "outer", inner(), model.hidden);
  addExchange(items, Collective::ReduceScatter, overlaps);
  addStream(items, "residual", 3 * model.hidden);
  return items;
}

/// A split gradient is gathered; the operand is gathered again beside its
/// gradient's product, and that is summed beside the weight's.
std::vector<WorkItem> LayerWork::backward() const {
  Items items;
  bool overlaps = program.overlapsTensorParallel;
  auto addNorm = [&] {
    addExchange(items, Collective::AllGather, true);
    addExchange(items, Collective::ReduceScatter, true);
    addStream(items, "norm", 3 * model.hidden);
    addStream(items, "residual", 3 * model.hidden);
  };
  addExchange(items, Collective::AllGather, overlaps);
  addGradients(items, "outer", inner(), model.hidden);
  addStream(items, "activation", (model.isGated ? 5 : 3) * model.inner);
  addGradients(items, "inner", model.hidden, innerIn());
  if (!model.isParallelBlock) {
    addNorm();
    addExchange(items, Collective::AllGather, overlaps);
  }
  addGradients(items, "attention out", attended(), model.hidden);
  addAttention(items, 5, 8);
  if (model.isGated)
    addStream(items, "positions",
              2 * (model.heads + model.keyHeads) * model.headSize());
  addGradients(items, "queries, keys, values", model.hidden,
               queriesKeysValues());
  addNorm();
  return items;
}

std::vector<WorkItem> LayerWork::embeddingForward() const {
  Items items;
  addStream(items, "look up", 2 * model.hidden * ranks());
  addExchange(items, Collective::ReduceScatter, false);
  return items;
}

std::vector<WorkItem> LayerWork::embeddingBackward() const {
  Items items;
  addExchange(items, Collective::AllGather, false);
  addStream(items, "add up", 3 * model.hidden * ranks());
  return items;
}

std::vector<WorkItem> LayerWork::headForward() const {
  Items items;
  addStream(items, "norm", 2 * model.hidden);
  addExchange(items, Collective::AllGather, false);
  addProduct(items, "head", model.hidden, model.vocabulary / ranks());
  // The largest, the sum, the loss; in f32.
  addStream(items, "loss", 2 * 3 * model.vocabulary);
  return items;
}

std::vector<WorkItem> LayerWork::headBackward() const {
  Items items;
  addStream(items, "loss", 2 * 2 * model.vocabulary);
  addGradients(items, "head", model.hidden, model.vocabulary / ranks());
  addExchange(items, Collective::ReduceScatter, true);
  addStream(items, "norm", 3 * model.hidden);
  return items;
}
