// Files of named tensors: .npz, .npy and .safetensors.
#ifndef VESCALE_RUNTIME_IO_TENSORFILE_H
#define VESCALE_RUNTIME_IO_TENSORFILE_H

#include "runtime/core/DType.h"

#include <memory>
#include <string>
#include <vector>

namespace vescale::runtime {

struct TensorInfo {
  std::string name; // empty in a .npy
  vs_dtype dtype;
  std::vector<int64_t> shape;
  int64_t bytes; // of the data, checked against shape and dtype
};

/// An open file: what it holds is known and bounded before any data is read.
class TensorFile {
public:
  virtual ~TensorFile() = default;
  const std::vector<TensorInfo> &tensors() const { return infos; }
  const TensorInfo *find(const std::string &name) const;
  /// Reads tensor `index` (row-major) into `out`, infos[index].bytes long.
  virtual void read(size_t index, void *out) = 0;
  /// The data in memory where the format allows that without a copy, or null.
  virtual const char *data(size_t index) { return nullptr; }

protected:
  std::vector<TensorInfo> infos;
};

/// Opens by extension. Every malformed file is a BadInput failure.
std::unique_ptr<TensorFile> openTensorFile(const std::string &path);

std::unique_ptr<TensorFile> openNpy(const std::string &path);
std::unique_ptr<TensorFile> openNpz(const std::string &path);
std::unique_ptr<TensorFile> openSafetensors(const std::string &path);

struct TensorData {
  TensorInfo info;
  const char *data;
};

/// Fails with BadInput if a tensor can't be written to a file of this name:
/// bf16 outside safetensors, several tensors in a .npy, an unknown extension.
void checkWritable(const std::string &path,
                   const std::vector<TensorInfo> &tensors);
/// Writes by extension, under a temporary name that is renamed when complete.
void writeTensorFile(const std::string &path,
                     const std::vector<TensorData> &tensors);

/// The product of the sizes times `elementBytes`, or -1 if a size is negative
/// or the product does not fit.
int64_t checkedBytes(const std::vector<int64_t> &shape, int64_t elementBytes);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_IO_TENSORFILE_H
