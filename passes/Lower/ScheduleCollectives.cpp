//===- ScheduleCollectives.cpp - When collectives start and end -*- C++ -*-===//
//
// Work keeps its order; buckets of collectives become exchanges between its
// steps, as planned (ExchangePlan.h).
//
//===----------------------------------------------------------------------===//
#include "passes/Lower/ExchangePlan.h"
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

class EntryScheduler {
public:
  EntryScheduler(const EntrySteps &entry, ArrayRef<Bucket> buckets,
                 Block *block)
      : programEnd(entry.end), buckets(buckets), block(block),
        builder(block->getParentOp()->getContext()), started(buckets.size()) {
    for (const Step &step : entry.steps)
      if (!step.getCollective())
        work.push_back(step.op);
  }

  void run(ArrayRef<ExchangeEvent> events) {
    for (const ExchangeEvent &event : events) {
      setInsertionPoint(event.boundary);
      CollectiveOp &exchange = started[event.bucket];
      if (event.kind == ExchangeEvent::Start)
        exchange = create(buckets[event.bucket]);
      else
        WaitOp::create(builder, exchange.getLoc(), exchange);
    }
    for (const Bucket &bucket : buckets)
      for (CollectiveOp old : bucket.members) {
        old.getWait().erase();
        old.erase();
      }
  }

private:
  void setInsertionPoint(int64_t boundary) {
    bool isLast = boundary == static_cast<int64_t>(work.size());
    Operation *next = isLast ? programEnd : work[boundary];
    if (next)
      builder.setInsertionPoint(next);
    else
      builder.setInsertionPointToEnd(block);
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
  Block *block;
  OpBuilder builder;
  SmallVector<CollectiveOp> started;
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
    ExchangeLimits limits;
    limits.inFlight = inFlight;
    limits.ahead = ahead;
    for (auto program : getOperation().getOps<ProgramOp>())
      for (const EntrySteps &entry : collectEntries(program)) {
        SmallVector<Bucket> buckets = formBuckets(entry, bucketBytes);
        EntryScheduler(entry, buckets, &program.getBody().front())
            .run(planExchanges(workTimes(entry), buckets, limits));
        for (const Bucket &bucket : buckets)
          collectives += bucket.members.size();
        exchanges += buckets.size();
      }
  }
};
} // namespace
