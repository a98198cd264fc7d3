// Prepares and runs the steps of a program.
#include "runtime/core/Executor.h"

#include "runtime/core/Clock.h"
#include "runtime/core/DType.h"
#include "runtime/core/Error.h"
#include "runtime/core/IndexError.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace vescale::runtime {
namespace {

std::unique_ptr<Step> makeStep(const vs_step &step, int64_t number,
                               const Addresses &addresses, const int64_t *env,
                               ExchangeSteps &exchanges) {
  switch (step.kind) {
  case VS_STEP_KERNEL:
    return makeKernelStep(*static_cast<const vs_kernel *>(step.payload),
                          addresses, env);
  case VS_STEP_GEMM:
    return makeGemmStep(*static_cast<const vs_gemm *>(step.payload), addresses,
                        env);
  case VS_STEP_ATTENTION:
    return makeAttentionStep(*static_cast<const vs_attention *>(step.payload),
                             addresses);
  case VS_STEP_ATTENTION_GRAD:
    return makeAttentionGradStep(
        *static_cast<const vs_attention_grad *>(step.payload), addresses);
  case VS_STEP_SCATTER_ADD:
    return makeScatterAddStep(
        *static_cast<const vs_scatter_add *>(step.payload), addresses);
  case VS_STEP_CONV:
    return makeConvStep(*static_cast<const vs_conv *>(step.payload), addresses,
                        env);
  case VS_STEP_START:
    return exchanges.makeStart(*static_cast<const vs_exchange *>(step.payload),
                               number, addresses);
  case VS_STEP_WAIT:
    return exchanges.makeWait(*static_cast<const vs_exchange *>(step.payload));
  case VS_STEP_COPY:
    return makeCopyStep(*static_cast<const vs_copy *>(step.payload), addresses);
  }
  fail(ExitCode::RunFailed, "unknown kind of step ", step.kind);
}

/// Whether other ranks can't do with the buffers where they are.
bool needsBounce(const vs_collective &op) {
  bool hidesIn = op.in.space != VS_COMM, hidesOut = op.out.space != VS_COMM;
  if (op.kind == VS_ALL_REDUCE)
    return hidesIn || hidesOut;
  return hidesIn && (op.kind != VS_ALL_GATHER || hidesOut);
}

} // namespace

TransportSetup transportSetup(const vs_program &program, int rank, bool yield) {
  TransportSetup setup;
  setup.groups.assign(program.groups, program.groups + program.num_groups);
  setup.commBytes = program.comm_bytes;
  setup.yield = yield;
  for (int64_t i = 0; i < program.num_steps; ++i) {
    const vs_step &step = program.steps[i];
    if (step.kind != VS_STEP_START)
      continue;
    const auto &exchange = *static_cast<const vs_exchange *>(step.payload);
    int64_t bounceBytes = 0;
    for (int64_t part = 0; part < exchange.num_parts; ++part) {
      const vs_collective &op = exchange.parts[part];
      if (op.group < 0 || op.group >= program.num_groups)
        fail(ExitCode::RunFailed, step.name, " (", step.location,
             "): no group ", op.group);
      int members = groupOf(program.groups[op.group], rank).size();
      if (members > 1 && needsBounce(op))
        bounceBytes += (inputElements(op, members) *
                            dtypeBytes(static_cast<vs_dtype>(op.dtype)) +
                        63) /
                       64 * 64;
    }
    setup.bounceBytes = std::max(setup.bounceBytes, bounceBytes);
    setup.maxParts = std::max(setup.maxParts, exchange.num_parts);
  }
  return setup;
}

Arena::Arena(int64_t bytes, Paging paging)
    : mapped(std::max<int64_t>(bytes, 1)) {
  void *map = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED)
    fail(ExitCode::RunFailed, "can't allocate an arena of ", bytes,
         " bytes: ", errnoText());
  madvise(map, mapped, MADV_HUGEPAGE);
  memory = static_cast<char *>(map);
  if (paging == Paging::Ahead)
    ahead = std::thread([this] { makePages(); });
}

Arena::~Arena() {
  stopping = true;
  if (ahead.joinable())
    ahead.join();
  munmap(memory, mapped);
}

void Arena::makePages() {
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 // Linux 5.14; others refuse it
#endif
  // Pieces of whole pages, so that the end of a run waits for one at most.
  constexpr int64_t piece = int64_t(8) << 20;
  for (int64_t at = 0; at < mapped && !stopping; at += piece)
    if (madvise(memory + at, std::min(piece, mapped - at),
                MADV_POPULATE_WRITE) != 0)
      return; // the steps make theirs
}

Executor::Executor(const vs_program &program, const Addresses &addresses,
                   Transport &transport, Monitor &monitor)
    : program(program), monitor(monitor), exchanges(transport) {
  for (int64_t i = 0; i < program.num_groups; ++i)
    groupIndices.push_back(groupOf(program.groups[i], transport.rank()).index);
  for (int64_t i = 0; i < program.num_steps; ++i) {
    const vs_step &step = program.steps[i];
    try {
      steps.push_back(
          makeStep(step, i, addresses, groupIndices.data(), exchanges));
    } catch (const Failure &failure) {
      fail(failure.code, "step ", i, ", ", step.name, " (", step.location,
           "): ", failure.what());
    }
    monitor.beat();
  }
}

int64_t Executor::findEntry(const char *name) const {
  for (int64_t i = 0; i < program.num_entries; ++i)
    if (std::strcmp(program.entries[i].name, name) == 0)
      return i;
  return -1;
}

void Executor::run(int64_t entry) {
  int64_t first = program.entries[entry].first_step;
  int64_t end = first + program.entries[entry].num_steps;
  for (int64_t i = first; i < end; ++i) {
    monitor.enterStep(i);
    if (Monitor::stopRequested())
      monitor.poll();
    int64_t begin = recorded ? nanoseconds() : 0;
    steps[i]->run();
    // An exchange's time is that of its end.
    if (recorded && program.steps[i].kind != VS_STEP_START)
      recorded->push_back({i, begin, nanoseconds()});
    exchanges.progress(recorded);
    if (auto bad = takeIndexError())
      fail(ExitCode::RunFailed, "step ", i, ", ", program.steps[i].name, " (",
           program.steps[i].location, "): index ", bad->index,
           " is out of range for a dimension of size ", bad->size);
  }
  monitor.enterStep(static_cast<int64_t>(steps.size()));
}

} // namespace vescale::runtime
