//===- TensorFiles.h - Named tensors in files -------------------*- C++ -*-===//
//
// The runtime's readers and writers, whose exceptions end here.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_TOOLS_INTERP_TENSORFILES_H
#define VESCALE_TOOLS_INTERP_TENSORFILES_H

#include <cstdint>
#include <string>
#include <vector>

namespace vescale {

struct FileTensor {
  std::string name; // empty in a .npy
  int32_t dtype;    // a vs_dtype
  std::vector<int64_t> shape;
  std::vector<char> bytes;
};

/// Reads all tensors of a .npz, .npy or .safetensors; false leaves a message.
bool readTensorFile(const std::string &path, std::vector<FileTensor> &tensors,
                    std::string &error);
bool writeTensorFile(const std::string &path,
                     const std::vector<FileTensor> &tensors,
                     std::string &error);

} // namespace vescale

#endif // VESCALE_TOOLS_INTERP_TENSORFILES_H
