//===- CollectiveBuckets.cpp - Which collectives go together ----*- C++ -*-===//

#include "passes/Lower/CollectiveBuckets.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

SmallVector<EntrySteps> vescale::collectEntries(ProgramOp program) {
  SmallVector<EntrySteps> entries;
  for (Operation &op : program.getBody().front()) {
    if (entries.empty() || isa<EntryOp>(op))
      entries.emplace_back();
    EntrySteps &entry = entries.back();
    if (!isa<StepOpInterface>(op))
      continue;
    entry.end = op.getNextNode();
    if (auto collective = dyn_cast<CollectiveOp>(op)) {
      entry.collectives.push_back(collective);
      entry.positions.push_back(entry.work.size());
    } else if (!isa<WaitOp>(op)) {
      entry.work.push_back(&op);
    }
  }
  return entries;
}

namespace {

/// When a collective can run, and after which others.
struct Span {
  int64_t ready = 0, use = 0;
  SmallVector<int64_t, 2> dependences; // earlier collectives
};

/// One reading or writing of a buffer.
struct Access {
  int64_t work, collective; // one is -1
  bool writes;
};

class SpanFinder {
public:
  explicit SpanFinder(const EntrySteps &entry) : entry(entry) {
    for (auto [number, op] : llvm::enumerate(entry.work))
      add(op, number, -1);
    for (auto [number, op] : llvm::enumerate(entry.collectives))
      add(op, -1, number);
  }

  SmallVector<Span> find() {
    SmallVector<Span> spans(entry.collectives.size());
    for (size_t number = 0; number < spans.size(); ++number) {
      CollectiveOp op = entry.collectives[number];
      spans[number].use = entry.work.size();
      for (Value input : op.getInputs())
        restrict(spans[number], number, baseOf(input), /*writes=*/false);
      for (Value output : op.getOutputs())
        restrict(spans[number], number, baseOf(output), /*writes=*/true);
    }
    // What comes before a collective, others that it depends on included.
    for (Span &span : spans)
      for (int64_t before : span.dependences)
        span.ready = std::max(span.ready, spans[before].ready);
    for (Span &span : llvm::reverse(spans))
      for (int64_t before : span.dependences)
        spans[before].use = std::min(spans[before].use, span.use);
    return spans;
  }

private:
  void add(Operation *op, int64_t work, int64_t collective) {
    auto step = cast<StepOpInterface>(op);
    for (Value value : step.getReads())
      accesses[baseOf(value)].push_back({work, collective, false});
    for (Value value : step.getWrites())
      accesses[baseOf(value)].push_back({work, collective, true});
  }

  void restrict(Span &span, int64_t number, Value buffer, bool writes) {
    for (const Access &access : accesses[buffer]) {
      if (!writes && !access.writes)
        continue;
      if (access.collective >= 0) {
        if (access.collective < number)
          span.dependences.push_back(access.collective);
        continue;
      }
      if (access.work < entry.positions[number])
        span.ready = std::max(span.ready, access.work + 1);
      else
        span.use = std::min(span.use, access.work);
    }
  }

  const EntrySteps &entry;
  DenseMap<Value, SmallVector<Access>> accesses;
};

int64_t bytesOf(CollectiveOp op) {
  int64_t bytes = 0;
  for (auto [input, output] : llvm::zip_equal(op.getInputs(), op.getOutputs()))
    bytes += std::max(bufferBytes(input), bufferBytes(output));
  return bytes;
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
      : entry(entry), spans(SpanFinder(entry).find()), limit(limit),
        bucketOf(entry.collectives.size(), -1) {}

  SmallVector<Bucket> fill() {
    SmallVector<int64_t> prefetches, others;
    for (size_t number = 0; number < spans.size(); ++number)
      (isPrefetch(number) ? prefetches : others).push_back(number);
    llvm::sort(prefetches, [&](int64_t a, int64_t b) {
      return std::tie(spans[a].use, a) < std::tie(spans[b].use, b);
    });
    llvm::sort(others, [&](int64_t a, int64_t b) {
      return std::tie(spans[a].ready, a) < std::tie(spans[b].ready, b);
    });
    for (int64_t number : prefetches)
      add(number, /*isPrefetch=*/true);
    open.clear();
    for (int64_t number : others)
      add(number, /*isPrefetch=*/false);
    return std::move(buckets);
  }

private:
  using Key = std::tuple<CollectiveKind, uint64_t, dist::ReductionKind>;

  bool isPrefetch(int64_t number) {
    CollectiveOp op = entry.collectives[number];
    return op.getKind() == CollectiveKind::AllGather &&
           spans[number].ready == 0 && spans[number].dependences.empty();
  }

  void add(int64_t number, bool isPrefetch) {
    CollectiveOp op = entry.collectives[number];
    Span span = spans[number];
    llvm::SmallSetVector<int64_t, 2> dependences;
    for (int64_t before : span.dependences) {
      int64_t bucket = bucketOf[before];
      dependences.insert(bucket);
      span.ready = std::max(span.ready, buckets[bucket].ready);
    }
    // A bucket that another one needs is full: no cycles.
    for (auto at = open.begin(); at != open.end();)
      at = dependences.contains(at->second) ? open.erase(at) : std::next(at);
    Key key(op.getKind(), op.getGroup(), op.getReduction());
    auto found = open.find(key);
    bool isLarge = 2 * bytesOf(op) >= limit;
    if (isLarge || !canShare(op) || found == open.end() ||
        !fits(buckets[found->second], op, span)) {
      bucketOf[number] = buckets.size();
      buckets.emplace_back();
      buckets.back().use = span.use;
      buckets.back().isPrefetch = isPrefetch;
      if (!isLarge && canShare(op))
        open[key] = bucketOf[number];
    } else {
      bucketOf[number] = found->second;
    }
    Bucket &bucket = buckets[bucketOf[number]];
    bucket.members.push_back(op);
    bucket.ready = std::max(bucket.ready, span.ready);
    bucket.use = std::min(bucket.use, span.use);
    bucket.bytes += bytesOf(op);
    bucket.dependences.insert_range(dependences);
  }

  bool fits(const Bucket &bucket, CollectiveOp op, const Span &span) {
    return bucket.bytes + bytesOf(op) <= limit &&
           std::max(bucket.ready, span.ready) <= std::min(bucket.use, span.use);
  }

  const EntrySteps &entry;
  SmallVector<Span> spans;
  int64_t limit;
  SmallVector<Bucket> buckets;
  SmallVector<int64_t> bucketOf; // by collective
  std::map<Key, int64_t> open;
};

} // namespace

SmallVector<Bucket> vescale::formBuckets(const EntrySteps &entry,
                                         int64_t limit) {
  return BucketFiller(entry, limit).fill();
}
