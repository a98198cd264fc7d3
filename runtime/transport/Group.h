// A collective's group from one rank's point of view, and what moves between
// which of its members.
#ifndef VESCALE_RUNTIME_TRANSPORT_GROUP_H
#define VESCALE_RUNTIME_TRANSPORT_GROUP_H

#include "runtime/core/abi.h"

#include <vector>

namespace vescale::runtime {

struct Group {
  std::vector<int> ranks; // by index in the group
  int index = 0;          // this rank's

  int size() const { return static_cast<int>(ranks.size()); }
};

Group groupOf(const vs_group &group, int rank);

/// A box of elements that one member gives another: four dimensions, the last
/// one dense on both sides.
struct Transfer {
  int64_t sizes[4] = {0, 0, 0, 0};
  int64_t inOffset = 0, outOffset = 0;
  int64_t inStrides[3] = {0, 0, 0}, outStrides[3] = {0, 0, 0};

  int64_t elements() const { return sizes[0] * sizes[1] * sizes[2] * sizes[3]; }
};

/// What member `to` takes of member `from`'s input in an ALL_GATHER,
/// ALL_TO_ALL, PERMUTE, or (to be reduced) REDUCE_SCATTER.
Transfer transferOf(const vs_collective &op, int members, int from, int to);

/// Elements of a member's input and output.
int64_t inputElements(const vs_collective &op, int members);
int64_t outputElements(const vs_collective &op, int members);

/// Zeroes what no transfer writes in member `to`'s output.
void zeroPadding(const vs_collective &op, int members, int to, char *out,
                 int64_t elementBytes);

void copyTransfer(const Transfer &transfer, const char *in, char *out,
                  int64_t elementBytes);
/// To and from a dense buffer.
void packTransfer(const Transfer &transfer, const char *in, char *dense,
                  int64_t elementBytes);
void unpackTransfer(const Transfer &transfer, const char *dense, char *out,
                    int64_t elementBytes);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRANSPORT_GROUP_H
