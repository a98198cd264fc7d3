// The header of a .npy file.
#ifndef VESCALE_RUNTIME_IO_NPYHEADER_H
#define VESCALE_RUNTIME_IO_NPYHEADER_H

#include "runtime/io/TensorFile.h"

namespace vescale::runtime {

struct NpyHeader {
  vs_dtype dtype = VS_F32;
  std::vector<int64_t> shape;
  bool fortranOrder = false;
  int64_t headerBytes = 0; // where the data starts
  int64_t dataBytes = 0;
};

/// Longest header that is read; NumPy's own limit is the same.
constexpr int64_t maxNpyHeader = 10000 + 12;

/// Parses the header at the start of `bytes` (the first maxNpyHeader bytes of
/// the file suffice); `what` names it in failures.
NpyHeader parseNpyHeader(const char *bytes, int64_t size,
                         const std::string &what);
std::string makeNpyHeader(const TensorInfo &info);

/// Reorders a column-major array to row-major.
void fromFortranOrder(const std::vector<int64_t> &shape, int64_t elementBytes,
                      const char *in, char *out);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_IO_NPYHEADER_H
