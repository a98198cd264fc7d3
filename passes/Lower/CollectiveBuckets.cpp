//===- CollectiveBuckets.cpp - Which collectives go together ----*- C++ -*-===//

#include "passes/Lower/CollectiveBuckets.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

namespace {

/// When a collective can run, and after which others.
struct Span {
  CollectiveOp op;
  int64_t bytes = 0;
  double time = 0;
  int64_t ready = 0, use = 0;
  SmallVector<int64_t, 2> dependences; // earlier collectives
  size_t level = 0; // how many of them come one behind the other
};

/// The spans of all collectives, in program order.
SmallVector<Span> findSpans(const EntrySteps &entry) {
  SmallVector<Span> spans;
  SmallVector<int64_t> numbers; // of each step among its like
  int64_t work = 0;
  for (const Step &step : entry.steps) {
    numbers.push_back(step.getCollective() ? spans.size() : work++);
    if (step.getCollective()) {
      spans.emplace_back().op = step.getCollective();
      spans.back().bytes = step.bytes;
      spans.back().time = step.time;
    }
  }
  for (auto [number, step] : llvm::enumerate(entry.steps)) {
    if (!step.getCollective())
      continue;
    // Those before it have been seen.
    Span &span = spans[numbers[number]];
    for (int64_t before : step.before) {
      if (!entry.steps[before].getCollective()) {
        span.ready = std::max(span.ready, numbers[before] + 1);
        continue;
      }
      span.dependences.push_back(numbers[before]);
      span.ready = std::max(span.ready, spans[numbers[before]].ready);
      span.level = std::max(span.level, spans[numbers[before]].level + 1);
    }
  }
  for (size_t number = entry.steps.size(); number-- > 0;) {
    const Step &step = entry.steps[number];
    if (!step.getCollective())
      continue;
    Span &span = spans[numbers[number]];
    span.use = work;
    for (int64_t behind : step.behind)
      span.use = std::min(span.use, entry.steps[behind].getCollective()
                                        ? spans[numbers[behind]].use
                                        : numbers[behind]);
  }
  return spans;
}

/// Kinds whose parts are independent of each other.
bool canShare(CollectiveOp op) {
  return op.getKind() == CollectiveKind::AllReduce ||
         op.getKind() == CollectiveKind::AllGather ||
         op.getKind() == CollectiveKind::ReduceScatter;
}

class BucketFiller {
public:
  BucketFiller(const EntrySteps &entry, int64_t limit)
      : spans(findSpans(entry)), limit(limit), bucketOf(spans.size(), -1) {}

  SmallVector<Bucket> fill() {
    SmallVector<int64_t> prefetches;
    SmallVector<SmallVector<int64_t>> others; // by level
    for (size_t number = 0; number < spans.size(); ++number) {
      if (isPrefetch(number)) {
        prefetches.push_back(number);
        continue;
      }
      size_t level = spans[number].level;
      others.resize(std::max(others.size(), level + 1));
      others[level].push_back(number);
    }
    llvm::sort(prefetches, [&](int64_t a, int64_t b) {
      return std::tie(spans[a].use, a) < std::tie(spans[b].use, b);
    });
    for (int64_t number : prefetches)
      add(number, /*isPrefetch=*/true);
    // One level after the other, so that buckets fill although others need
    // them, and none needs itself.
    for (SmallVector<int64_t> &level : others) {
      open.clear();
      for (int64_t number : level)
        waitForBuckets(number);
      llvm::sort(level, [&](int64_t a, int64_t b) {
        return std::tie(spans[a].ready, a) < std::tie(spans[b].ready, b);
      });
      for (int64_t number : level)
        add(number, /*isPrefetch=*/false);
    }
    return inOrderOfStart();
  }

private:
  using Key = std::tuple<CollectiveKind, uint64_t, dist::ReductionKind>;

  bool isPrefetch(int64_t number) {
    CollectiveOp op = spans[number].op;
    return op.getKind() == CollectiveKind::AllGather &&
           spans[number].ready == 0 && spans[number].dependences.empty();
  }

  void waitForBuckets(int64_t number) {
    for (int64_t before : spans[number].dependences)
      spans[number].ready =
          std::max(spans[number].ready, buckets[bucketOf[before]].ready);
  }

  /// Gathers of parameters, then by when the first tensor is ready.
  SmallVector<Bucket> inOrderOfStart() {
    auto order = llvm::to_vector(llvm::seq<int64_t>(0, buckets.size()));
    llvm::sort(order, [&](int64_t a, int64_t b) {
      return std::pair(firstReady[a], a) < std::pair(firstReady[b], b);
    });
    SmallVector<int64_t> places(buckets.size());
    SmallVector<Bucket> sorted;
    for (auto [place, number] : llvm::enumerate(order)) {
      places[number] = place;
      sorted.push_back(std::move(buckets[number]));
    }
    for (Bucket &bucket : sorted) {
      llvm::SmallSetVector<int64_t, 2> dependences;
      for (int64_t number : bucket.dependences)
        dependences.insert(places[number]);
      bucket.dependences = dependences;
    }
    return sorted;
  }

  void add(int64_t number, bool isPrefetch) {
    const Span &span = spans[number];
    CollectiveOp op = span.op;
    Key key(op.getKind(), op.getGroup(), op.getReduction());
    auto found = open.find(key);
    bool isLarge = 2 * span.bytes >= limit;
    if (isLarge || !canShare(op) || found == open.end() ||
        !fits(buckets[found->second], span)) {
      bucketOf[number] = buckets.size();
      buckets.emplace_back();
      buckets.back().use = span.use;
      buckets.back().isPrefetch = isPrefetch;
      firstReady.push_back(isPrefetch ? -1 : span.ready);
      if (!isLarge && canShare(op))
        open[key] = bucketOf[number];
    } else {
      bucketOf[number] = found->second;
    }
    Bucket &bucket = buckets[bucketOf[number]];
    bucket.members.push_back(op);
    bucket.ready = std::max(bucket.ready, span.ready);
    bucket.use = std::min(bucket.use, span.use);
    bucket.bytes += span.bytes;
    bucket.time += span.time;
    for (auto [input, output] :
         llvm::zip_equal(op.getInputs(), op.getOutputs()))
      bucket.isInPlace &= baseOf(input) == baseOf(output);
    for (int64_t before : span.dependences)
      bucket.dependences.insert(bucketOf[before]);
  }

  bool fits(const Bucket &bucket, const Span &span) {
    return bucket.bytes + span.bytes <= limit &&
           std::max(bucket.ready, span.ready) <= std::min(bucket.use, span.use);
  }

  SmallVector<Span> spans;
  int64_t limit;
  SmallVector<Bucket> buckets;
  SmallVector<int64_t> firstReady; // by bucket: when its first tensor is
  SmallVector<int64_t> bucketOf;   // by collective
  std::map<Key, int64_t> open;
};

} // namespace

SmallVector<Bucket> vescale::formBuckets(const EntrySteps &entry,
                                         int64_t limit) {
  return BucketFiller(entry, limit).fill();
}
