// Collectives to be timed.
#include "runtime/profile/Exchanges.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <cstring>

namespace vescale::runtime {
namespace {

constexpr int64_t smallest = 1024, elementBytes = 4;
constexpr int32_t swapped[] = {1, 0};

/// One of a whole tensor of `bytes`, as the machine file counts them; a count
/// of 0 where so few can't be cut.
vs_collective makeCollective(vs_collective_kind kind, int group, int64_t ranks,
                             int64_t bytes) {
  int64_t elements = bytes / elementBytes, part = elements / ranks;
  vs_collective op = {};
  op.kind = kind;
  op.reduction = VS_SUM;
  op.dtype = VS_F32;
  op.group = group;
  op.outer = op.mid = op.inner = 1;
  op.count = elements;
  switch (kind) {
  case VS_ALL_REDUCE:
    break;
  case VS_PERMUTE:
    op.peers = swapped;
    break;
  case VS_ALL_GATHER:
    op.chunk = op.count = part;
    op.out_row = part * ranks;
    break;
  case VS_REDUCE_SCATTER:
    op.chunk = op.count = part;
    op.in_row = part * ranks;
    break;
  case VS_ALL_TO_ALL:
    // A part for each rank, side by side.
    op.in_row = ranks;
    op.chunk = op.count = part / ranks;
    op.out_row = op.chunk * ranks;
    break;
  }
  return op;
}

/// Calls of a batch, and batches of a round: fewer of what takes long. In short
/// ones a rank that has lost its core is all there is to see.
int64_t callsOf(int64_t bytes) {
  return std::clamp<int64_t>((int64_t(1) << 19) / bytes, 1, 16);
}
int64_t batchesOf(int64_t bytes) { return bytes <= int64_t(8) << 20 ? 32 : 8; }

} // namespace

ProfiledExchanges::ProfiledExchanges(Rounds &rounds, Transport &transport,
                                     const std::vector<GroupForm> &forms,
                                     int64_t largest, bool yield)
    : transport(transport) {
  TransportSetup setup;
  for (const GroupForm &form : forms)
    setup.groups.push_back(vs_group{1, 0, {form.ranks}, {form.stride}});
  // A whole tensor and a part of at most half of it, or two messages.
  setup.commBytes = 2 * largest;
  setup.yield = yield;
  transport.setup(setup);
  std::memset(transport.comm(), 0, setup.commBytes);
  for (size_t group = 0; group < forms.size(); ++group) {
    const GroupForm &form = forms[group];
    add(rounds, "all_reduce", VS_ALL_REDUCE, group, form, largest);
    add(rounds, "all_gather", VS_ALL_GATHER, group, form, largest);
    add(rounds, "reduce_scatter", VS_REDUCE_SCATTER, group, form, largest);
    add(rounds, "all_to_all", VS_ALL_TO_ALL, group, form, largest);
    if (form.ranks == 2)
      add(rounds, "send", VS_PERMUTE, group, form, largest);
  }
}

void ProfiledExchanges::add(Rounds &rounds, const std::string &kind,
                            vs_collective_kind number, int group,
                            const GroupForm &form, int64_t largest) {
  Curve curve{kind, form, {}};
  for (int64_t bytes = smallest; bytes <= largest; bytes *= 2) {
    vs_collective made = makeCollective(number, group, form.ranks, bytes);
    if (made.count == 0)
      continue;
    ops.push_back(std::make_unique<vs_collective>(made));
    vs_collective *op = ops.back().get();
    char *comm = transport.comm();
    // Each call has its tensors in another place, as a program's have, so that
    // they are no more in the cache than those are.
    int64_t places = largest / bytes;
    auto call = [this, op, comm, bytes, places, turn = int64_t(0)]() mutable {
      char *in = comm + turn++ % places * 2 * bytes;
      char *out = op->kind == VS_ALL_REDUCE ? in : in + bytes;
      // The part of a gather lies behind the whole.
      if (op->kind == VS_ALL_GATHER)
        std::swap(in, out);
      transport.collective(*op, in, out);
    };
    curve.points.push_back(
        {bytes,
         rounds.add({cat(kind, " of ", form.ranks, " ranks, ", bytes, " bytes"),
                     call, callsOf(bytes), batchesOf(bytes)})});
  }
  curves.push_back(std::move(curve));
}

nlohmann::json ProfiledExchanges::collectives(const Rounds &rounds) const {
  nlohmann::json result = nlohmann::json::array();
  for (const Curve &curve : curves) {
    nlohmann::json points = nlohmann::json::array();
    for (auto [bytes, subject] : curve.points)
      points.push_back(
          {{"bytes", bytes}, {"us", rounds.microseconds(subject)}});
    result.push_back({{"kind", curve.kind},
                      {"ranks", curve.form.ranks},
                      {"stride", curve.form.stride},
                      {"points", points}});
  }
  return result;
}

} // namespace vescale::runtime
