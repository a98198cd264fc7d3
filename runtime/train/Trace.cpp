// Writes traces.
#include "runtime/train/Trace.h"

#include "runtime/core/Clock.h"
#include "runtime/core/DType.h"
#include "runtime/core/Error.h"
#include "runtime/transport/Group.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <tuple>

namespace vescale::runtime {
namespace {

using Json = nlohmann::ordered_json;

enum Track { StepTrack, ComputeTrack, CommunicationTrack };

Json metadata(int rank, const char *what, Json arguments) {
  return {{"name", what}, {"ph", "M"}, {"pid", rank}, {"args", arguments}};
}

Json event(int rank, int track, const std::string &name, int64_t beginNs,
           int64_t endNs) {
  return {{"name", name},         {"ph", "X"},
          {"pid", rank},          {"tid", track},
          {"ts", beginNs * 1e-3}, {"dur", (endNs - beginNs) * 1e-3}};
}

const char *collectiveName(int32_t kind) {
  switch (kind) {
  case VS_ALL_REDUCE:
    return "all_reduce";
  case VS_ALL_GATHER:
    return "all_gather";
  case VS_REDUCE_SCATTER:
    return "reduce_scatter";
  case VS_ALL_TO_ALL:
    return "all_to_all";
  default:
    return "permute";
  }
}

/// Exchanges that are under way at once need tracks of their own: the first
/// that is free.
class Lanes {
public:
  int take(const StepTime &time) {
    size_t lane = 0;
    while (lane < ends.size() && ends[lane] > time.beginNs)
      ++lane;
    if (lane == ends.size())
      ends.push_back(0);
    ends[lane] = time.endNs;
    return static_cast<int>(lane);
  }
  int count() const { return static_cast<int>(ends.size()); }

private:
  std::vector<int64_t> ends;
};

Json stepEvent(const vs_program &program, int rank, const StepTime &time,
               int64_t originNs, Lanes &lanes) {
  const vs_step &step = program.steps[time.step];
  bool sends = step.kind == VS_STEP_START;
  int track = sends ? CommunicationTrack + lanes.take(time) : ComputeTrack;
  Json result = event(rank, track, step.name ? step.name : "?",
                      time.beginNs - originNs, time.endNs - originNs);
  Json &arguments = result["args"];
  arguments = {{"location", step.location ? step.location : ""},
               {"program_step", time.step}};
  if (!sends)
    return result;
  const auto &exchange = *static_cast<const vs_exchange *>(step.payload);
  int64_t bytes = 0;
  for (int64_t i = 0; i < exchange.num_parts; ++i) {
    const vs_collective &op = exchange.parts[i];
    int members = groupOf(program.groups[op.group], rank).size();
    bytes += inputElements(op, members) *
             dtypeBytes(static_cast<vs_dtype>(op.dtype));
  }
  arguments["collective"] = collectiveName(exchange.parts[0].kind);
  arguments["tensors"] = exchange.num_parts;
  arguments["bytes"] = bytes;
  return result;
}

} // namespace

ClockOffset alignClocks(Transport &transport) {
  constexpr int rounds = 32;
  ClockOffset offset;
  if (transport.rank() != 0) {
    for (int round = 0; round < rounds; ++round) {
      int64_t mine;
      transport.receive(0, &mine, sizeof(mine));
      mine = nanoseconds();
      transport.send(0, &mine, sizeof(mine));
    }
    transport.receive(0, &offset, sizeof(offset));
    return offset;
  }
  for (int rank = 1; rank < transport.size(); ++rank) {
    ClockOffset best;
    for (int round = 0; round < rounds; ++round) {
      int64_t begin = nanoseconds(), theirs = 0;
      transport.send(rank, &begin, sizeof(begin));
      transport.receive(rank, &theirs, sizeof(theirs));
      int64_t half = (nanoseconds() - begin) / 2;
      if (round == 0 || half < best.errorNs)
        best = {theirs - (begin + half), half};
    }
    transport.send(rank, &best, sizeof(best));
  }
  return offset;
}

std::string traceEvents(const vs_program &program, int rank,
                        const std::deque<StepTrace> &steps, int64_t originNs) {
  std::string text;
  auto add = [&](const Json &json) {
    // Names are the user's, in whatever encoding.
    text += (text.empty() ? "" : ",\n") +
            json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  add(metadata(rank, "process_name", {{"name", cat("rank ", rank)}}));
  add(metadata(rank, "process_sort_index", {{"sort_index", rank}}));
  auto nameTrack = [&](int track, const std::string &name) {
    Json named = metadata(rank, "thread_name", {{"name", name}});
    named["tid"] = track;
    add(named);
  };
  nameTrack(StepTrack, "step");
  nameTrack(ComputeTrack, "compute");
  Lanes lanes;
  for (const StepTrace &step : steps) {
    for (const StepTrace::Span &span : step.spans)
      add(event(rank, StepTrack, span.name, span.beginNs - originNs,
                span.endNs - originNs));
    // Exchanges were noted when they ended.
    std::vector<StepTime> times = step.times;
    std::sort(
        times.begin(), times.end(), [](const StepTime &a, const StepTime &b) {
          return std::tie(a.beginNs, a.step) < std::tie(b.beginNs, b.step);
        });
    for (const StepTime &time : times)
      add(stepEvent(program, rank, time, originNs, lanes));
  }
  for (int lane = 0; lane < std::max(lanes.count(), 1); ++lane)
    nameTrack(CommunicationTrack + lane,
              lane == 0 ? "communication" : cat("communication ", lane + 1));
  return text;
}

Trace::Trace(const std::string &path, int64_t keep, const vs_program &program,
             int rank)
    : path(path), keep(keep), program(program) {
  if (rank != 0)
    return;
  file.reset(std::fopen(path.c_str(), "w"));
  if (!file)
    fail(ExitCode::Usage, "--trace: can't write '", path, "': ", errnoText());
}

std::vector<StepTime> *Trace::beginStep() {
  if (static_cast<int64_t>(steps.size()) < keep) {
    steps.emplace_back();
  } else { // the oldest one's memory
    steps.push_back(std::move(steps.front()));
    steps.pop_front();
    steps.back().spans.clear();
    steps.back().times.clear();
  }
  return &steps.back().times;
}

void Trace::addSpan(const std::string &name, int64_t beginNs, int64_t endNs) {
  steps.back().spans.push_back({name, beginNs, endNs});
}

void Trace::endStep(int64_t step, int64_t beginNs, int64_t endNs) {
  // The outer one of nested spans comes first.
  auto &spans = steps.back().spans;
  spans.insert(spans.begin(), {cat("step ", step), beginNs, endNs});
}

void Trace::write(Transport &transport) {
  ClockOffset offset = alignClocks(transport);
  // Time 0 is the beginning of the first step on rank 0.
  int64_t origin = nanoseconds();
  if (!steps.empty() && !steps.front().spans.empty())
    origin = steps.front().spans.front().beginNs;
  int64_t error = transport.agree(offset.errorNs).value;
  // By rank 0's clock, which the others take from it.
  if (transport.rank() != 0) {
    transport.receive(0, &origin, sizeof(origin));
    std::string text =
        traceEvents(program, transport.rank(), steps, origin + offset.aheadNs);
    auto bytes = static_cast<int64_t>(text.size());
    transport.send(0, &bytes, sizeof(bytes));
    transport.send(0, text.data(), bytes);
    return;
  }
  Json head = {{"clock_error_us", error * 1e-3}};
  std::string text =
      cat("{\"displayTimeUnit\": \"ms\", \"otherData\": ", head.dump(),
          ", \"traceEvents\": [\n", traceEvents(program, 0, steps, origin));
  auto put = [&] {
    if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
        std::fflush(file.get()) != 0)
      fail(ExitCode::RunFailed, "--trace: can't write '", path,
           "': ", errnoText());
  };
  put();
  for (int rank = 1; rank < transport.size(); ++rank) {
    transport.send(rank, &origin, sizeof(origin));
    int64_t bytes = 0;
    transport.receive(rank, &bytes, sizeof(bytes));
    text.resize(bytes);
    transport.receive(rank, text.data(), bytes);
    text.insert(0, ",\n");
    put();
  }
  text = "\n]}\n";
  put();
}

} // namespace vescale::runtime
