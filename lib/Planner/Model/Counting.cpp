//===- Counting.cpp - What a step takes, from its parts -------------------===//

#include "lib/Planner/Model/Counting.h"

using namespace vescale;
using namespace vescale::planner;

Moved Counting::syncMoved(const Parts &parts) const {
  Moved moved = parts.modelSum;
  auto add = [&](const Moved &each, int64_t times) {
    moved.us += each.us * static_cast<double>(times);
    moved.sent += each.sent * times;
  };
  if (zero == 0) {
    add(parts.sum, 1);
    return moved;
  }
  add(parts.scatter, zero >= 2 ? microBatches : 1);
  add(parts.gather, zero >= 3 ? 2 * microBatches : 1);
  return moved;
}

double Counting::update(const Parts &parts) const {
  return zero >= 1 ? parts.update / static_cast<double>(dp) : parts.update;
}

double Counting::time(const Parts &parts) const {
  double work = static_cast<double>(microBatches) *
                (parts.forward + parts.backward + parts.exchange);
  if (!countsOnce)
    return work;
  return work + exposed * sync(parts) + update(parts) -
         besideForward * parts.forward - besideBackward * parts.backward;
}

int64_t Counting::parameters(const Parts &parts) const {
  return shard(parts.parameters, 3);
}
int64_t Counting::gradients(const Parts &parts) const {
  return shard(parts.gradients, 2);
}
int64_t Counting::state(const Parts &parts) const {
  return shard(parts.state, 1);
}

Parts vescale::planner::recomputed(Parts parts, Recompute mode, bool isIn) {
  if (mode == Recompute::Selective) {
    parts.saved = parts.savedHeavy;
    parts.backward += parts.light;
  } else if (mode == Recompute::Full) {
    if (!isIn) {
      parts.transient += parts.saved;
      parts.saved = 0;
    }
    parts.backward += parts.forward;
  }
  return parts;
}

double vescale::planner::forwardTimes(Recompute mode) {
  return mode == Recompute::Full ? 2 : 1;
}
