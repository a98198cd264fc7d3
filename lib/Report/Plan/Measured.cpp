//===- Measured.cpp - A run's log and trace in a plan report ----*- C++ -*-===//
//
// The log has a line for each step; the trace, in the Trace Event Format, the
// last steps of all ranks on one clock (docs/Reference/bundle.md).
//
//===----------------------------------------------------------------------===//

#include "lib/Report/Plan/Names.h"
#include "vescale/Report/PlanReportParts.h"
#include "vescale/Support/Fields.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errc.h"
#include <map>

using namespace llvm;
using namespace vescale;

static constexpr size_t kMostBytes = size_t(1) << 30;
/// The track that says when steps, and what they consist of, begin and end.
static constexpr StringLiteral kStepTrack = "step";

namespace {
struct Log {
  std::vector<double> stepMs; ///< But the first's, which warms up.
  int64_t heldBytes = 0;
};

struct TraceEvent {
  std::string name;
  bool isCollective;
  double start, duration;
  int64_t bytes;
};

struct TraceRank {
  std::string name;
  std::map<int64_t, std::string> trackNames;
  std::map<int64_t, std::vector<TraceEvent>> tracks;

  StringRef trackName(int64_t tid) const {
    auto found = trackNames.find(tid);
    return found == trackNames.end() ? StringRef() : StringRef(found->second);
  }
};
} // namespace

static Error error(const Twine &what) {
  return createStringError(errc::invalid_argument, what);
}

static Expected<Log> readLog(StringRef text) {
  Log log;
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (size_t index = 0; index < lines.size(); ++index) {
    Expected<json::Object> entry = parseJsonObject(lines[index], kMostBytes);
    if (!entry)
      return error("the log's line " + Twine(index + 1) + ": " +
                   toString(entry.takeError()));
    std::optional<double> ms = entry->getNumber("step_ms");
    if (!ms) {
      // Evaluations have lines of their own.
      if (entry->getNumber("eval_loss"))
        continue;
      return error("the log's line " + Twine(index + 1) + " has no step_ms");
    }
    log.stepMs.push_back(*ms);
    log.heldBytes =
        std::max(log.heldBytes, entry->getInteger("held_bytes").value_or(0));
  }
  if (log.stepMs.empty())
    return error("the log has no steps");
  if (log.stepMs.size() > 1)
    log.stepMs.erase(log.stepMs.begin());
  return log;
}

static Expected<std::map<int64_t, TraceRank>> readTrace(StringRef text) {
  Expected<json::Object> object = parseJsonObject(text, kMostBytes);
  if (!object)
    return error("the trace: " + toString(object.takeError()));
  const json::Array *events = object->getArray("traceEvents");
  if (!events)
    return error("the trace has no traceEvents");
  std::map<int64_t, TraceRank> ranks;
  for (size_t index = 0; index < events->size(); ++index) {
    const json::Object *event = (*events)[index].getAsObject();
    if (!event)
      return error("the trace's event " + Twine(index) + " is no object");
    std::optional<StringRef> phase = event->getString("ph"),
                             name = event->getString("name");
    std::optional<int64_t> pid = event->getInteger("pid"),
                           tid = event->getInteger("tid");
    if (!phase || !name || !pid)
      return error("the trace's event " + Twine(index) +
                   " lacks name, ph or pid");
    const json::Object *arguments = event->getObject("args");
    TraceRank &rank = ranks[*pid];
    if (rank.name.empty())
      rank.name = "process " + std::to_string(*pid);
    std::optional<StringRef> called =
        arguments ? arguments->getString("name") : std::nullopt;
    if (*name == "process_name" && called)
      rank.name = called->str();
    else if (*name == "thread_name" && called && tid)
      rank.trackNames[*tid] = called->str();
    if (*phase != "X")
      continue;
    std::optional<double> start = event->getNumber("ts"),
                          duration = event->getNumber("dur");
    if (!start || !duration || !tid)
      return error("the trace's event " + Twine(index) + " has no time");
    // The place in the user's model, where an operation has one.
    std::string text = name->str();
    if (arguments)
      if (auto place = arguments->getString("location");
          place && !place->empty())
        text += ", " + place->str();
    rank.tracks[*tid].push_back(
        {std::move(text), arguments && arguments->get("collective"), *start,
         *duration,
         arguments ? arguments->getInteger("bytes").value_or(0) : 0});
  }
  return ranks;
}

/// The last step's span on a rank.
static const TraceEvent *lastStep(const TraceRank &rank) {
  const TraceEvent *last = nullptr;
  for (const auto &[tid, events] : rank.tracks) {
    if (rank.trackName(tid) != kStepTrack)
      continue;
    for (const TraceEvent &event : events)
      if (StringRef(event.name).starts_with("step ") &&
          (!last || event.start > last->start))
        last = &event;
  }
  return last;
}

namespace {
/// Puts the last step of all ranks into a timeline that begins with it.
class StepTimeline {
public:
  explicit StepTimeline(double begin) : begin(begin) {}

  void add(const TraceRank &rank, const TraceEvent &step);
  json::Object take() {
    return json::Object{{"names", names.take()},
                        {"kinds", kinds.take()},
                        {"ranks", std::move(ranks)}};
  }

  double total = 0;
  double compute = 0; ///< Of the rank that computes longest.

private:
  json::Array eventsOf(ArrayRef<TraceEvent> events, const TraceEvent &step,
                       double &busy);

  double begin;
  Names names, kinds;
  json::Array ranks;
};
} // namespace

json::Array StepTimeline::eventsOf(ArrayRef<TraceEvent> events,
                                   const TraceEvent &step, double &busy) {
  json::Array shown;
  for (const TraceEvent &event : events) {
    if (event.start < step.start || event.start > step.start + step.duration)
      continue;
    if (!event.isCollective)
      busy += event.duration;
    shown.push_back(
        json::Array{names.number(event.name),
                    kinds.number(event.isCollective ? "collective" : "work"),
                    event.start - begin, event.duration, -1, event.bytes});
  }
  return shown;
}

void StepTimeline::add(const TraceRank &rank, const TraceEvent &step) {
  double busy = 0;
  json::Array tracks;
  for (const auto &[tid, events] : rank.tracks) {
    StringRef name = rank.trackName(tid);
    if (name != kStepTrack)
      tracks.push_back(json::Object{{"name", json::fixUTF8(name)},
                                    {"events", eventsOf(events, step, busy)}});
  }
  total = std::max(total, step.start + step.duration - begin);
  compute = std::max(compute, busy);
  ranks.push_back(json::Object{{"name", json::fixUTF8(rank.name)},
                               {"tracks", std::move(tracks)}});
}

/// Adds the last step's timeline and the parts of its time.
static Error addTrace(json::Object &report,
                      const std::map<int64_t, TraceRank> &traced) {
  if (traced.empty())
    return error("the trace has no ranks");
  std::vector<const TraceEvent *> steps;
  for (const auto &[pid, rank] : traced) {
    steps.push_back(lastStep(rank));
    if (!steps.back())
      return error("the trace has no step of " + rank.name);
  }
  double begin = steps.front()->start;
  for (const TraceEvent *step : steps)
    begin = std::min(begin, step->start);
  StepTimeline timeline(begin);
  size_t index = 0;
  for (const auto &[pid, rank] : traced)
    timeline.add(rank, *steps[index++]);
  json::Object &step = *report.getObject("step");
  step.try_emplace("total_us", timeline.total);
  step["compute_us"] = timeline.compute;
  step["exposed_us"] = std::max(0.0, timeline.total - timeline.compute);
  report["timeline"] = timeline.take();
  return Error::success();
}

Expected<json::Object> vescale::measuredReport(const RunFiles &files,
                                               int64_t plan) {
  json::Object report{{"plan", plan}, {"step", json::Object{}}};
  std::string what;
  if (!files.log.empty()) {
    Expected<Log> log = readLog(files.log);
    if (!log)
      return log.takeError();
    size_t steps = log->stepMs.size(), middle = steps / 2;
    std::nth_element(log->stepMs.begin(), log->stepMs.begin() + middle,
                     log->stepMs.end());
    (*report.getObject("step"))["total_us"] = log->stepMs[middle] * 1e3;
    if (log->heldBytes)
      report["memory_bytes"] = log->heldBytes;
    what = (steps == 1 ? Twine("the log's step")
                       : "the median of " + Twine(steps) + " steps")
               .str();
  }
  if (!files.trace.empty()) {
    auto ranks = readTrace(files.trace);
    if (!ranks)
      return ranks.takeError();
    if (Error failed = addTrace(report, *ranks))
      return std::move(failed);
    what += (what.empty() ? "" : "; ") + std::string("parts and times of the "
                                                     "trace's last step");
  }
  if (what.empty())
    return error("neither a log nor a trace");
  report["what"] = what;
  return report;
}
