// Runs collectives, alone and several at once, and compares each element with
// the definition. Inputs are
// small integers that depend on rank, case and index, so that every rank can
// compute what it must get, and sums are exact in every type.
#include "runtime/conformance/Conformance.h"

#include "runtime/conformance/Reference.h"
#include "runtime/core/DType.h"
#include "runtime/core/Error.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <thread>

namespace vescale::runtime {
namespace {

constexpr int64_t largest = int64_t(64) << 20;
constexpr int64_t maxParts = 5; // of an exchange

enum class Placement { Window, Private, InPlace };

/// Groups of a world: all, none, and for a world that factors its digits.
std::vector<vs_group> groupsOf(int size) {
  auto digit = [](int64_t size, int64_t stride) {
    vs_group group = {};
    group.num_digits = 1;
    group.size[0] = size;
    group.stride[0] = stride;
    return group;
  };
  std::vector<vs_group> groups = {vs_group{}, digit(size, 1)};
  if (size % 2 == 0 && size > 2) {
    groups.push_back(digit(2, 1));
    groups.push_back(digit(2, size / 2));
    groups.push_back(digit(size / 2, 2));
    vs_group swapped = digit(2, 1); // minor digit first: another order of ranks
    swapped.num_digits = 2;
    swapped.size[1] = size / 2;
    swapped.stride[1] = 2;
    groups.push_back(swapped);
  }
  return groups;
}

class Suite {
public:
  Suite(Transport &transport, bool yield)
      : transport(transport), groups(groupsOf(transport.size())) {
    TransportSetup setup;
    setup.groups = groups;
    setup.commBytes = 2 * largest + 4096;
    setup.maxParts = maxParts;
    setup.bounceBytes = int64_t(4) << 20;
    setup.yield = yield;
    transport.setup(setup);
  }

  std::string run(int64_t &count) {
    for (int32_t group = 0; group < static_cast<int32_t>(groups.size());
         ++group)
      for (int dtype = VS_F32; dtype <= VS_BOOL; ++dtype)
        for (int64_t size : sizesFor(group, dtype))
          for (int kind = VS_ALL_REDUCE; kind <= VS_PERMUTE; ++kind)
            oneCase(kind, static_cast<vs_dtype>(dtype), group, size);
    for (int kind : {VS_ALL_REDUCE, VS_ALL_GATHER, VS_REDUCE_SCATTER})
      oneCase(kind, VS_F32, 1, (int64_t(1) << 20) / 4, /*big=*/true);
    oneCase(VS_ALL_REDUCE, VS_F32, 1, largest / 4, /*big=*/true);
    for (int turn = 0; turn < 60; ++turn)
      manyAtOnce(turn % 2 ? 200 : 20000);
    count = cases;
    return error;
  }

private:
  /// Everything on the first two groups; on the others, whose geometry differs
  /// but not their arithmetic, a few types and one size on either side of the
  /// largest that transports treat as small.
  static std::vector<int64_t> sizesFor(int32_t group, int dtype) {
    if (group < 2)
      return {0, 1, 7, 1000, 5000, 40000};
    if (dtype == VS_F32 || dtype == VS_BF16 || dtype == VS_I8)
      return {7, 1000, 40000};
    return {};
  }
  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  }

  void oneCase(int kind, vs_dtype dtype, int32_t groupIndex, int64_t size,
               bool big = false) {
    Case one;
    draw(one, kind, dtype, groupIndex, size, big);
    char *free = transport.comm();
    prepare(one, static_cast<Placement>(big ? 0 : between(0, 2)), free);
    transport.collective(one.op, one.in, one.out);
    check(one);
  }

  /// Exchanges of several parts on several groups, started in one order, moved
  /// on and waited for at each rank's own pace.
  void manyAtOnce(int64_t size) {
    std::vector<std::vector<Case>> exchanges(between(1, 6));
    std::vector<std::vector<Part>> parts(exchanges.size());
    std::vector<Ticket> tickets(exchanges.size());
    std::mt19937_64 own(cases * 64 + transport.rank());
    auto loiter = [&] {
      for (uint64_t turns = own() % 8; turns > 0; --turns)
        turns % 3 ? transport.progress() : std::this_thread::yield();
    };
    char *free = transport.comm();
    for (auto &exchange : exchanges) {
      auto kind = static_cast<int>(between(VS_ALL_REDUCE, VS_PERMUTE));
      auto group = static_cast<int32_t>(
          between(0, static_cast<int64_t>(groups.size()) - 1));
      exchange.resize(between(1, maxParts));
      for (Case &one : exchange) {
        draw(one, kind, static_cast<vs_dtype>(between(VS_F32, VS_BOOL)), group,
             between(0, size), /*big=*/false);
        prepare(one, static_cast<Placement>(between(0, 2)), free);
      }
    }
    for (size_t i = 0; i < exchanges.size(); ++i) {
      for (Case &one : exchanges[i])
        parts[i].push_back({&one.op, one.in, one.out});
      loiter();
      tickets[i] = transport.start(parts[i]);
    }
    // In any order; some have been seen to be done before.
    std::vector<size_t> order(exchanges.size());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), own);
    for (size_t i : order) {
      loiter();
      if (own() % 2)
        while (!transport.isDone(tickets[i])) {
          transport.progress();
          std::this_thread::yield();
        }
      transport.wait(tickets[i]);
      for (Case &one : exchanges[i])
        check(one);
    }
  }

  /// A collective with its buffers.
  struct Case {
    vs_collective op = {};
    int64_t number = 0;
    std::vector<int32_t> peers;
    std::vector<char> privateIn, privateOut;
    char *in = nullptr, *out = nullptr;
  };

  void draw(Case &one, int kind, vs_dtype dtype, int32_t group, int64_t size,
            bool big) {
    int members = groupOf(groups[group], transport.rank()).size();
    one.op.kind = kind;
    one.op.dtype = dtype;
    one.op.group = group;
    one.op.reduction = static_cast<int32_t>(between(0, 2));
    one.peers.resize(members);
    shape(one.op, members, size, big, one.peers);
    one.number = ++cases;
  }

  /// Sizes that cut evenly and sizes that don't, of about `size` elements.
  void shape(vs_collective &op, int members, int64_t size, bool big,
             std::vector<int32_t> &peers) {
    op.count = size;
    op.outer = big ? 1 : between(1, 4);
    op.inner = between(1, 3);
    op.mid = between(1, 3);
    int64_t row = size / op.outer;
    op.chunk = op.kind == VS_ALL_GATHER ? row / members + 1
                                        : (row + members - 1) / members;
    op.in_row = row;
    op.out_row = std::max<int64_t>(
        0, op.chunk * members - between(0, std::min<int64_t>(op.chunk, 3)));
    if (op.kind == VS_ALL_TO_ALL) {
      op.in_row = between(0, 12);
      op.swap_dims = between(0, 1) != 0;
      op.chunk = row / (op.mid * op.inner * std::max<int64_t>(op.in_row, 1));
      op.out_row = std::max<int64_t>(
          0, op.chunk * members - between(0, std::min<int64_t>(op.chunk, 2)));
    }
    // A permutation in which some send to nobody.
    for (int i = 0; i < members; ++i)
      peers[i] = i;
    std::shuffle(peers.begin(), peers.end(), random);
    for (int32_t &peer : peers)
      if (between(0, 3) == 0)
        peer = -1;
    op.peers = peers.data();
  }

  /// Fills the input; buffers in the window are taken from `free`.
  void prepare(Case &one, Placement place, char *&free) {
    if (one.op.kind != VS_ALL_REDUCE && place == Placement::InPlace)
      place = Placement::Window;
    auto dtype = static_cast<vs_dtype>(one.op.dtype);
    int64_t bytes = dtypeBytes(dtype);
    int members = groupOf(groups[one.op.group], transport.rank()).size();
    int64_t inCount = inputElements(one.op, members);
    int64_t outCount = outputElements(one.op, members);
    auto take = [&](std::vector<char> &own, int64_t size) {
      if (place == Placement::Private) {
        own.resize(size + 64);
        return own.data();
      }
      char *taken = free;
      free += (size + 63) / 64 * 64;
      return taken;
    };
    one.in = take(one.privateIn, inCount * bytes);
    one.out = place == Placement::InPlace
                  ? one.in
                  : take(one.privateOut, outCount * bytes);
    for (int64_t i = 0; i < inCount; ++i)
      storeNumber(dtype, one.in, i,
                  caseInput(dtype, one.number, transport.rank(), i));
    if (one.out != one.in)
      std::memset(one.out, 0x5a, outCount * bytes);
  }

  void check(const Case &one) {
    if (!error.empty())
      return; // go on with the others, who don't know
    const vs_collective &op = one.op;
    auto dtype = static_cast<vs_dtype>(op.dtype);
    Group group = groupOf(groups[op.group], transport.rank());
    for (int64_t i = 0; i < outputElements(op, group.size()); ++i) {
      double expected = expectedElement(op, group, one.number, i);
      double got = loadNumber(dtype, one.out, i);
      if (got != expected) {
        error = cat("case ", one.number, ": kind ", op.kind, " of ",
                    dtypeName(dtype), ", group ", op.group, ", reduction ",
                    op.reduction, ", count ", op.count, " outer ", op.outer,
                    " in_row ", op.in_row, " chunk ", op.chunk, " out_row ",
                    op.out_row, " mid ", op.mid, " inner ", op.inner, " swap ",
                    op.swap_dims,
                    one.privateIn.empty() ? ", in the window" : ", elsewhere",
                    ": rank ", transport.rank(), " has ", got, " at ", i,
                    ", not ", expected);
        return;
      }
    }
  }

  Transport &transport;
  std::vector<vs_group> groups;
  std::mt19937_64 random{7}; // the same on all ranks
  int64_t cases = 0;
  std::string error;
};

/// agree, send and receive.
std::string checkMessages(Transport &transport) {
  int rank = transport.rank(), size = transport.size();
  Transport::Agreement most = transport.agree(rank == size / 2 ? 5 : 1);
  if (most.value != 5 || most.rank != size / 2)
    return cat("agree gave ", most.value, " of rank ", most.rank);
  for (int64_t bytes : {int64_t(0), int64_t(1), int64_t(3) << 20}) {
    std::vector<char> data(bytes, static_cast<char>(rank + 1));
    if (rank != 0) {
      transport.send(0, data.data(), bytes);
      continue;
    }
    for (int from = 1; from < size; ++from) {
      transport.receive(from, data.data(), bytes);
      for (char value : data)
        if (value != static_cast<char>(from + 1))
          return cat("rank 0 received ", int(value), " from rank ", from);
    }
  }
  return "";
}

} // namespace

std::string runConformance(Transport &transport, bool yield, int64_t &count) {
  std::string error = Suite(transport, yield).run(count);
  std::string messages = checkMessages(transport);
  return error.empty() ? messages : error;
}

} // namespace vescale::runtime
