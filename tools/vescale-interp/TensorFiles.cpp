//===- TensorFiles.cpp - Named tensors in files -----------------*- C++ -*-===//

#include "tools/vescale-interp/TensorFiles.h"
#include "runtime/io/TensorFile.h"
#include <exception>

using namespace vescale;

bool vescale::readTensorFile(const std::string &path,
                             std::vector<FileTensor> &tensors,
                             std::string &error) {
  try {
    auto file = runtime::openTensorFile(path);
    for (size_t index = 0; index < file->tensors().size(); ++index) {
      const runtime::TensorInfo &info = file->tensors()[index];
      FileTensor tensor{info.name, info.dtype, info.shape, {}};
      tensor.bytes.resize(info.bytes);
      file->read(index, tensor.bytes.data());
      tensors.push_back(std::move(tensor));
    }
    return true;
  } catch (const std::exception &failure) {
    error = failure.what();
    return false;
  }
}

bool vescale::writeTensorFile(const std::string &path,
                              const std::vector<FileTensor> &tensors,
                              std::string &error) {
  try {
    std::vector<runtime::TensorInfo> infos;
    std::vector<runtime::TensorData> data;
    for (const FileTensor &tensor : tensors) {
      infos.push_back({tensor.name, static_cast<vs_dtype>(tensor.dtype),
                       tensor.shape,
                       static_cast<int64_t>(tensor.bytes.size())});
      data.push_back({infos.back(), tensor.bytes.data()});
    }
    runtime::checkWritable(path, infos);
    runtime::writeTensorFile(path, data);
    return true;
  } catch (const std::exception &failure) {
    error = failure.what();
    return false;
  }
}
