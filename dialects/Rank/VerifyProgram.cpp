//===- VerifyProgram.cpp - Whether a rank program may run -------*- C++ -*-===//
//
// A program may run if its buffers that live at the same time lie apart, every
// buffer is written before it is read, and no step touches what a collective
// still works on.
//
//===----------------------------------------------------------------------===//
#include "dialects/Rank/Rank.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

static std::optional<uint64_t> offsetOf(Operation *op) {
  if (auto buffer = dyn_cast<BufferOp>(op))
    return buffer.getOffset();
  return cast<ParameterOp>(op).getOffset();
}

static Space spaceOf(Operation *op) {
  auto buffer = dyn_cast<BufferOp>(op);
  return buffer ? buffer.getSpace() : Space::Arena;
}

static LogicalResult verifyPlaces(ProgramOp program) {
  if (!program.getArenaBytes() || !program.getCommBytes())
    return program.emitOpError(
        "has the size of only one of the arena and its communication part");
  SmallVector<Lifetime> lifetimes = computeLifetimes(program);
  for (const Lifetime &lifetime : lifetimes) {
    std::optional<uint64_t> offset = offsetOf(lifetime.buffer);
    if (!offset)
      return lifetime.buffer->emitOpError("has no offset in a program whose "
                                          "arena has been laid out");
    if (*offset % 64 != 0)
      return lifetime.buffer->emitOpError("offset ")
             << *offset << " is not a multiple of 64";
    bool comm = spaceOf(lifetime.buffer) == Space::Comm;
    uint64_t limit = comm ? *program.getCommBytes() : *program.getArenaBytes();
    if (*offset + lifetime.bytes > limit)
      return lifetime.buffer->emitOpError("ends at byte ")
             << *offset + lifetime.bytes << " of " << limit;
  }
  // Sweep by offset; only neighbours whose bytes meet are compared.
  llvm::sort(lifetimes, [](const Lifetime &a, const Lifetime &b) {
    return std::make_pair(spaceOf(a.buffer), *offsetOf(a.buffer)) <
           std::make_pair(spaceOf(b.buffer), *offsetOf(b.buffer));
  });
  for (size_t i = 0; i < lifetimes.size(); ++i) {
    const Lifetime &a = lifetimes[i];
    uint64_t end = *offsetOf(a.buffer) + a.bytes;
    for (size_t j = i + 1; j < lifetimes.size(); ++j) {
      const Lifetime &b = lifetimes[j];
      if (spaceOf(a.buffer) != spaceOf(b.buffer) || *offsetOf(b.buffer) >= end)
        break;
      if (a.first > b.last || b.first > a.last)
        continue;
      InFlightDiagnostic diagnostic = b.buffer->emitOpError(
          "overlaps a buffer that lives at the same time");
      diagnostic.attachNote(a.buffer->getLoc()) << "the other buffer";
      return diagnostic;
    }
  }
  return success();
}

/// Every read must have been written, by a step or by loading.
static LogicalResult verifyWritten(ProgramOp program) {
  DenseSet<Value> written;
  for (Operation &op : *program.getBody().begin()) {
    if (isa<ConstantOp, ParameterOp>(op))
      written.insert(op.getResult(0));
    if (auto port = dyn_cast<PortOp>(op)) {
      if (port.getKind() == PortKind::Input)
        written.insert(baseOf(port.getBuffer()));
      else if (!written.contains(baseOf(port.getBuffer())))
        return port.emitOpError("names a buffer that nothing writes");
    }
    auto step = dyn_cast<StepOpInterface>(op);
    if (!step)
      continue;
    for (Value read : step.getReads())
      if (!written.contains(baseOf(read)))
        return op.emitOpError("reads a buffer that nothing has written");
    for (Value write : step.getWrites()) {
      Value base = baseOf(write);
      auto parameter = base.getDefiningOp<ParameterOp>();
      if (base.getDefiningOp<ConstantOp>() ||
          (parameter && !parameter.getUpdated()))
        return op.emitOpError("writes a constant, or a parameter that is not "
                              "updated");
      written.insert(base);
    }
  }
  return success();
}

/// Between a collective and its wait nobody writes what it reads or touches
/// what it writes; a program ends, and an entry begins, with none under way.
static LogicalResult verifyInFlight(ProgramOp program) {
  SetVector<CollectiveOp> inFlight;
  auto clash = [](Operation *op, CollectiveOp other, StringRef what) {
    InFlightDiagnostic diagnostic = op->emitOpError(what);
    diagnostic.attachNote(other.getLoc()) << "the collective under way";
    return diagnostic;
  };
  for (Operation &op : *program.getBody().begin()) {
    if (isa<EntryOp>(op) && !inFlight.empty())
      return clash(&op, inFlight.front(), "begins before a collective is done");
    if (auto wait = dyn_cast<WaitOp>(op)) {
      inFlight.remove(wait.getCollective());
      continue;
    }
    auto step = dyn_cast<StepOpInterface>(op);
    if (!step)
      continue;
    SmallVector<Value> reads = step.getReads(), writes = step.getWrites();
    auto touches = [](ArrayRef<Value> buffers, ValueRange others) {
      return llvm::any_of(buffers, [&](Value buffer) {
        return llvm::any_of(others, [&](Value other) {
          return baseOf(buffer) == baseOf(other);
        });
      });
    };
    for (CollectiveOp other : inFlight) {
      if (touches(reads, other.getOutputs()))
        return clash(&op, other, "reads what a collective still writes");
      if (touches(writes, other.getOutputs()) ||
          touches(writes, other.getInputs()))
        return clash(&op, other, "writes what a collective still uses");
    }
    if (auto collective = dyn_cast<CollectiveOp>(op))
      inFlight.insert(collective);
  }
  return success(); // each collective has a wait, behind it
}

LogicalResult ProgramOp::verify() {
  int64_t ranks = getMesh().getNumRanks();
  for (GroupAttr group : getGroups().getAsRange<GroupAttr>()) {
    if (group.getSizes().size() != group.getStrides().size() ||
        group.getSizes().size() > 8)
      return emitOpError("has the malformed group ") << group;
    for (auto [size, stride] :
         llvm::zip_equal(group.getSizes(), group.getStrides()))
      if (size < 1 || stride < 1 || size * stride > ranks)
        return emitOpError("has the group ")
               << group << " that does not fit a mesh of " << ranks << " ranks";
  }
  if (failed(verifyWritten(*this)) || failed(verifyInFlight(*this)))
    return failure();
  if (getArenaBytes() || getCommBytes())
    return verifyPlaces(*this);
  return success();
}
