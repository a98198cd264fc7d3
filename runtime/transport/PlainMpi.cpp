// Collectives over MPI messages. Pairs of ranks issue their messages in the
// same order, so one tag for each group suffices. Reductions are done here, by
// index in the group, and not by MPI, whose order is its own.
#include "runtime/transport/PlainMpi.h"

#include "runtime/core/DType.h"
#include "runtime/transport/Reduce.h"

#include <sched.h>

#include <algorithm>
#include <cstring>

namespace vescale::runtime {

// One message's largest size; MPI counts in int.
static constexpr int64_t maxMessage = int64_t(1) << 30;
// Up to this size everyone gets everyone's input.
static constexpr int64_t smallReduce = int64_t(8) << 10;

PlainCollectives::PlainCollectives(int rank, const TransportSetup &setup,
                                   PollFn poll)
    : yield(setup.yield), poll(std::move(poll)) {
  for (const vs_group &group : setup.groups)
    groups.push_back(groupOf(group, rank));
}

void PlainCollectives::post(bool sending, int peer, char *data, int64_t bytes,
                            int tag) {
  for (int64_t at = 0; at < bytes; at += maxMessage) {
    int count = static_cast<int>(std::min(maxMessage, bytes - at));
    MPI_Request request;
    if (sending)
      MPI_Isend(data + at, count, MPI_BYTE, peer, tag, MPI_COMM_WORLD,
                &request);
    else
      MPI_Irecv(data + at, count, MPI_BYTE, peer, tag, MPI_COMM_WORLD,
                &request);
    requests.push_back(request);
  }
}

void PlainCollectives::waitAll() {
  int done = 0;
  for (int64_t turn = 0; !done; ++turn) {
    MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done,
                MPI_STATUSES_IGNORE);
    if (done)
      break;
    if (yield || turn % 256 == 255)
      sched_yield();
    if (turn % 1024 == 1023)
      poll();
  }
  requests.clear();
}

void PlainCollectives::send(int to, const void *data, int64_t bytes, int tag) {
  post(true, to, static_cast<char *>(const_cast<void *>(data)), bytes, tag);
  waitAll();
}

void PlainCollectives::receive(int from, void *data, int64_t bytes, int tag) {
  post(false, from, static_cast<char *>(data), bytes, tag);
  waitAll();
}

void PlainCollectives::exchange(const Group &group, int tag,
                                const std::vector<const char *> &sends,
                                const std::vector<int64_t> &sendBytes,
                                const std::vector<char *> &receives,
                                const std::vector<int64_t> &receiveBytes) {
  for (int i = 0; i < group.size(); ++i)
    if (i != group.index)
      post(false, group.ranks[i], receives[i], receiveBytes[i], tag);
  for (int i = 0; i < group.size(); ++i)
    if (i != group.index)
      post(true, group.ranks[i], const_cast<char *>(sends[i]), sendBytes[i],
           tag);
  int64_t own = receiveBytes[group.index];
  if (own)
    std::memcpy(receives[group.index], sends[group.index], own);
  waitAll();
}

void PlainCollectives::run(const vs_collective &op, const char *in, char *out) {
  if (op.kind == VS_ALL_REDUCE)
    allReduce(op, in, out);
  else
    pull(op, in, out);
}

void PlainCollectives::allReduce(const vs_collective &op, const char *in,
                                 char *out) {
  const Group &group = groups[op.group];
  int members = group.size();
  auto dtype = static_cast<vs_dtype>(op.dtype);
  int64_t bytes = dtypeBytes(dtype);
  bool small = op.count * bytes <= smallReduce;
  // Everyone reduces a slice (all of it if small), then they share slices.
  int64_t slice = small ? op.count : (op.count + members - 1) / members;
  auto sliceOf = [&](int index) {
    return small ? op.count
                 : std::clamp<int64_t>(op.count - index * slice, 0, slice);
  };
  int64_t mine = sliceOf(group.index);
  std::vector<const char *> sends(members);
  std::vector<char *> receives(members);
  std::vector<int64_t> sendBytes(members), receiveBytes(members);
  receiveBuffer.resize(
      std::max<size_t>(receiveBuffer.size(), members * slice * bytes));
  for (int i = 0; i < members; ++i) {
    sends[i] = in + (small ? 0 : i * slice * bytes);
    sendBytes[i] = sliceOf(i) * bytes;
    receives[i] = receiveBuffer.data() + i * slice * bytes;
    receiveBytes[i] = mine * bytes;
  }
  int tag = 1 + op.group;
  exchange(group, tag, sends, sendBytes, receives, receiveBytes);
  char *reduced = out + (small ? 0 : group.index * slice * bytes);
  reduce(dtype, static_cast<vs_reduction>(op.reduction), receives.data(),
         members, reduced, mine);
  if (small)
    return;
  for (int i = 0; i < members; ++i) {
    sends[i] = reduced;
    sendBytes[i] = mine * bytes;
    receives[i] = out + i * slice * bytes;
    receiveBytes[i] = i == group.index ? 0 : sliceOf(i) * bytes;
  }
  exchange(group, tag, sends, sendBytes, receives, receiveBytes);
}

void PlainCollectives::pull(const vs_collective &op, const char *in,
                            char *out) {
  const Group &group = groups[op.group];
  int members = group.size();
  auto dtype = static_cast<vs_dtype>(op.dtype);
  int64_t bytes = dtypeBytes(dtype);
  std::vector<Transfer> outgoing(members), incoming(members);
  std::vector<int64_t> sendBytes(members), receiveBytes(members);
  int64_t sendTotal = 0, receiveTotal = 0;
  for (int i = 0; i < members; ++i) {
    outgoing[i] = transferOf(op, members, group.index, i);
    incoming[i] = transferOf(op, members, i, group.index);
    sendBytes[i] = outgoing[i].elements() * bytes;
    receiveBytes[i] = incoming[i].elements() * bytes;
    sendTotal += sendBytes[i];
    receiveTotal += receiveBytes[i];
  }
  sendBuffer.resize(std::max<size_t>(sendBuffer.size(), sendTotal));
  receiveBuffer.resize(std::max<size_t>(receiveBuffer.size(), receiveTotal));
  std::vector<const char *> sends(members);
  std::vector<char *> receives(members);
  char *sendAt = sendBuffer.data(), *receiveAt = receiveBuffer.data();
  for (int i = 0; i < members; ++i) {
    packTransfer(outgoing[i], in, sendAt, bytes);
    sends[i] = sendAt;
    receives[i] = receiveAt;
    sendAt += sendBytes[i];
    receiveAt += receiveBytes[i];
  }
  exchange(group, 1 + op.group, sends, sendBytes, receives, receiveBytes);
  zeroPadding(op, members, group.index, out, bytes);
  if (op.kind != VS_REDUCE_SCATTER) {
    for (int i = 0; i < members; ++i)
      unpackTransfer(incoming[i], receives[i], out, bytes);
    return;
  }
  // All members' blocks have this one's shape: reduce, then spread the rows.
  const Transfer &t = incoming[group.index];
  if (t.elements() == 0)
    return;
  reduce(dtype, static_cast<vs_reduction>(op.reduction), receives.data(),
         members, receives[0], t.elements());
  unpackTransfer(t, receives[0], out, bytes);
}

} // namespace vescale::runtime
