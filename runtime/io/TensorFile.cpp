// Picks the reader of a tensor file by its extension.
#include "runtime/io/TensorFile.h"

#include "runtime/core/Error.h"
#include "runtime/io/Text.h"

namespace vescale::runtime {

const TensorInfo *TensorFile::find(const std::string &name) const {
  for (const TensorInfo &info : infos)
    if (info.name == name)
      return &info;
  return nullptr;
}

std::unique_ptr<TensorFile> openTensorFile(const std::string &path) {
  if (endsWith(path, ".npz"))
    return openNpz(path);
  if (endsWith(path, ".npy"))
    return openNpy(path);
  if (endsWith(path, ".safetensors"))
    return openSafetensors(path);
  fail(ExitCode::BadInput, "tensor file '", path,
       "': the name must end in .npz, .npy or .safetensors");
}

} // namespace vescale::runtime
