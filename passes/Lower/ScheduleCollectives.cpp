//===- ScheduleCollectives.cpp - When collectives start and end -*- C++ -*-===//
//
// Work keeps its order; exchanges are set between its steps. At each boundary:
//   1. what can start does, in the order of the buckets;
//   2. what the next step of work touches is waited for;
//   3. what that has made possible starts.
// A bucket can start when it is ready and what it depends on is over. If two
// others have been started behind that, it is waited for: the link has work.
// Gathers of parameters are ready all the time, so they start only so many
// ahead of work: a new one at the first use of an older one. If others under
// way hold as much memory as they may, the oldest is waited for first, which
// frees what it reads. Those in place hold none.
//
//===----------------------------------------------------------------------===//
#include "passes/Lower/CollectiveBuckets.h"
#include "passes/Lower/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

namespace vescale {
#define GEN_PASS_DEF_SCHEDULECOLLECTIVES
#include "passes/Lower/Passes.h.inc"
} // namespace vescale

namespace {

struct Limits {
  int64_t inFlight; // other exchanges under way
  int64_t ahead;    // gathers of parameters without a use so far
};

class EntryScheduler {
public:
  EntryScheduler(const EntrySteps &entry, ArrayRef<Bucket> buckets,
                 Limits limits, Block *block)
      : programEnd(entry.end), buckets(buckets), limits(limits), block(block),
        builder(block->getParentOp()->getContext()), started(buckets.size()),
        ended(buckets.size(), false), startNumber(buckets.size(), 0) {
    for (const Step &step : entry.steps)
      if (!step.getCollective())
        work.push_back(step.op);
  }

  void run() {
    for (int64_t at = 0; at <= static_cast<int64_t>(work.size()); ++at) {
      boundary = at;
      setInsertionPoint();
      startAll();
      for (int64_t number = 0; number < numBuckets(); ++number)
        if (buckets[number].use == at)
          end(number);
      startAll();
    }
    for (const Bucket &bucket : buckets)
      for (CollectiveOp old : bucket.members) {
        old.getWait().erase();
        old.erase();
      }
  }

private:
  int64_t numBuckets() const { return buckets.size(); }

  void setInsertionPoint() {
    Operation *next = boundary < static_cast<int64_t>(work.size())
                          ? work[boundary]
                          : programEnd;
    if (next)
      builder.setInsertionPoint(next);
    else
      builder.setInsertionPointToEnd(block);
  }

  /// Few gathers of parameters before this one have no use yet.
  bool isItsTurn(int64_t number) const {
    int64_t unused = 0;
    while (number-- > 0)
      unused += buckets[number].isPrefetch && !ended[number];
    return unused < limits.ahead;
  }

  bool canStart(int64_t number) const {
    const Bucket &bucket = buckets[number];
    return !started[number] && bucket.ready <= boundary &&
           (!bucket.isPrefetch || isItsTurn(number)) &&
           llvm::all_of(bucket.dependences,
                        [&](int64_t other) { return isPassed(other); });
  }

  /// Whether an exchange is over, or the link so busy with those behind it that
  /// there is something to do while this one is waited for.
  bool isPassed(int64_t number) const {
    constexpr int64_t behind = 2;
    return ended[number] ||
           (started[number] && numStarted - startNumber[number] >= behind);
  }

  void startAll() {
    for (int64_t number = 0; number < numBuckets(); ++number)
      if (canStart(number)) {
        start(number);
        number = -1; // an end may have let an earlier one go
      }
  }

  void start(int64_t number) {
    if (started[number])
      return;
    for (int64_t other : buckets[number].dependences)
      end(other);
    // Gathers of parameters have a limit of their own.
    if (!buckets[number].isPrefetch) {
      while (static_cast<int64_t>(inFlight.size()) >= limits.inFlight)
        end(inFlight.front());
      inFlight.insert(number);
      startNumber[number] = ++numStarted;
    }
    started[number] = create(buckets[number]);
  }

  void end(int64_t number) {
    if (ended[number])
      return;
    start(number);
    WaitOp::create(builder, started[number].getLoc(), started[number]);
    ended[number] = true;
    inFlight.remove(number);
  }

  CollectiveOp create(const Bucket &bucket) {
    CollectiveOp first = bucket.members.front();
    SmallVector<Value> inputs, outputs;
    SmallVector<int64_t> split, concat;
    SmallVector<Location> locations;
    llvm::SmallSetVector<StringAttr, 4> origins;
    for (CollectiveOp member : bucket.members) {
      llvm::append_range(inputs, member.getInputs());
      llvm::append_range(outputs, member.getOutputs());
      if (member.getSplitDims())
        llvm::append_range(split, *member.getSplitDims());
      if (member.getConcatDims())
        llvm::append_range(concat, *member.getConcatDims());
      locations.push_back(member.getLoc());
      origins.insert(member.getOriginAttr());
    }
    auto dims = [&](ArrayRef<int64_t> list) {
      return list.empty() ? DenseI64ArrayAttr()
                          : builder.getDenseI64ArrayAttr(list);
    };
    std::string origin = llvm::join(
        llvm::map_range(origins, [](StringAttr text) { return text.str(); }),
        "; ");
    auto created = CollectiveOp::create(
        builder, builder.getFusedLoc(locations), builder.getType<TokenType>(),
        first.getKind(), inputs, outputs, first.getGroup(),
        first.getReduction(), dims(split), dims(concat), first.getTargetsAttr(),
        builder.getStringAttr(origin));
    for (Value operand : created->getOperands())
      hoist(operand.getDefiningOp(), created);
    return created;
  }

  /// Buffers are declared where they were first used.
  static void hoist(Operation *declaration, Operation *user) {
    if (declaration->isBeforeInBlock(user))
      return;
    declaration->moveBefore(user);
    for (Value operand : declaration->getOperands())
      hoist(operand.getDefiningOp(), declaration);
  }

  SmallVector<Operation *> work;
  Operation *programEnd; // the first behind the entry's steps
  ArrayRef<Bucket> buckets;
  Limits limits;
  Block *block;
  OpBuilder builder;
  int64_t boundary = 0;
  SmallVector<CollectiveOp> started;
  SmallVector<bool> ended;
  llvm::SmallSetVector<int64_t, 8> inFlight; // oldest first
  SmallVector<int64_t> startNumber; // among others than gathers of parameters
  int64_t numStarted = 0;
};

struct ScheduleCollectives
    : vescale::impl::ScheduleCollectivesBase<ScheduleCollectives> {
  using Base::Base;

  void runOnOperation() override {
    if (inFlight < 1 || ahead < 1) {
      getOperation().emitError(
          "rank-schedule-collectives: in-flight and ahead are 1 at least");
      return signalPassFailure();
    }
    for (auto program : getOperation().getOps<ProgramOp>())
      for (const EntrySteps &entry : collectEntries(program)) {
        SmallVector<Bucket> buckets = formBuckets(entry, bucketBytes);
        EntryScheduler(entry, buckets, {inFlight, ahead},
                       &program.getBody().front())
            .run();
        for (const Bucket &bucket : buckets)
          collectives += bucket.members.size();
        exchanges += buckets.size();
      }
  }
};
} // namespace
