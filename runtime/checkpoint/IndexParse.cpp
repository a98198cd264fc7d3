// Reads index.json; whatever it accepts is consistent in itself.
#include "runtime/checkpoint/Index.h"

#include "runtime/core/JsonField.h"
#include "runtime/core/Runs.h"
#include "runtime/io/SafetensorsHeader.h"
#include "runtime/io/TensorFile.h"
#include "runtime/io/Text.h"

#include <algorithm>
#include <set>

namespace vescale::runtime {
namespace {

using Field = JsonField;

constexpr size_t maxDims = 32;

ContentHash readHash(const Field &field) {
  std::optional<ContentHash> hash = parseHash(field.string());
  if (!hash)
    field.bad("not a checksum of 32 hexadecimal digits");
  return *hash;
}

std::vector<int64_t> readShape(const Field &field, vs_dtype dtype) {
  std::vector<int64_t> shape = field.sizes();
  if (shape.size() > maxDims)
    field.bad(cat("has more than ", maxDims, " dimensions"));
  if (checkedBytes(shape, dtypeBytes(dtype)) < 0)
    field.bad(cat("shape ", shapeText(shape), " does not fit 64 bits"));
  return shape;
}

/// A file of the step's own directory and nothing else.
IndexFile readFile(const Field &field) {
  IndexFile file{field["name"].string(), field["bytes"].size(),
                 field["header_bytes"].size(),
                 readHash(field["header_xxh3_128"])};
  if (file.name.find_first_of(std::string("/\\\0", 3)) != std::string::npos ||
      file.name[0] == '.' || !endsWith(file.name, ".safetensors"))
    field["name"].bad(cat("'", file.name,
                          "' is not the name of a .safetensors file in the "
                          "step's directory"));
  if (file.headerBytes < 8 || file.headerBytes > file.bytes ||
      file.headerBytes > int64_t(maxSafetensorsHeader) + 8)
    field["header_bytes"].bad(
        cat(file.headerBytes, " in a file of ", file.bytes));
  return file;
}

Box readBox(const Field &field, const IndexTensor &tensor) {
  Box box{field["offset"].size(), readShape(field["sizes"], tensor.dtype),
          field["strides"].sizes()};
  if (box.strides.size() != box.sizes.size())
    field.bad(cat(box.strides.size(), " strides for ", box.sizes.size(),
                  " dimensions"));
  if (!isAscending(box.sizes, box.strides))
    field.bad("does not follow the order of the tensor's elements");
  int64_t elements = Box::whole(tensor.shape).elements();
  if (box.end() > elements)
    field.bad(cat("reaches element ", box.end() - 1, " of tensor '",
                  tensor.name, "' of shape ", shapeText(tensor.shape)));
  return box;
}

IndexChunk readChunk(const Field &field, const IndexTensor &tensor,
                     const std::vector<IndexFile> &files) {
  IndexChunk chunk;
  chunk.name = field["name"].string();
  int64_t file = field["file"].size();
  if (file >= static_cast<int64_t>(files.size()))
    field["file"].bad(cat(file, " of ", files.size(), " files"));
  chunk.file = static_cast<size_t>(file);
  chunk.offset = field["offset"].size();
  chunk.bytes = field["bytes"].size();
  chunk.box = readBox(field["view"], tensor);
  int64_t needed = checkedBytes(chunk.box.sizes, dtypeBytes(tensor.dtype));
  if (needed != chunk.bytes || needed == 0)
    field["bytes"].bad(cat(chunk.bytes, ", but its view of ",
                           dtypeName(tensor.dtype), " has ", needed));
  const IndexFile &in = files[chunk.file];
  if (chunk.offset < in.headerBytes || chunk.offset > in.bytes ||
      chunk.bytes > in.bytes - chunk.offset)
    field.bad(cat("lies outside the data of '", in.name, "', bytes ",
                  in.headerBytes, " to ", in.bytes));
  for (const Field &block : field["xxh3_128"].list())
    chunk.blocks.push_back(readHash(block));
  if (static_cast<int64_t>(chunk.blocks.size()) != blockCount(chunk.bytes))
    field["xxh3_128"].bad(cat(chunk.blocks.size(), " checksums for ",
                              blockCount(chunk.bytes), " blocks"));
  return chunk;
}

AuthorOrder readAuthor(const Field &field, const IndexTensor &tensor) {
  AuthorOrder order{readShape(field["shape"], tensor.dtype),
                    field["strides"].sizes()};
  if (order.strides.size() != tensor.shape.size())
    field["strides"].bad(cat(order.strides.size(), " strides for ",
                             tensor.shape.size(), " dimensions"));
  return order;
}

IndexTensor readTensor(const Field &field,
                       const std::vector<IndexFile> &files) {
  IndexTensor tensor;
  tensor.name = field["name"].string();
  tensor.dtype = field["dtype"].dtype();
  tensor.shape = readShape(field["shape"], tensor.dtype);
  if (field.has("author"))
    tensor.author = readAuthor(field["author"], tensor);
  std::vector<const Box *> boxes;
  for (const Field &chunk : field["chunks"].list())
    tensor.chunks.push_back(readChunk(chunk, tensor, files));
  for (const IndexChunk &chunk : tensor.chunks)
    boxes.push_back(&chunk.box);
  std::string what =
      cat("tensor '", tensor.name, "' of shape ", shapeText(tensor.shape));
  forEachGap(
      boxes, Box::whole(tensor.shape).elements(),
      [&](int64_t begin, int64_t end) {
        field.bad(cat(what, ": no chunk has elements ", begin, " to ", end));
      },
      [&](int64_t element, size_t one, size_t other) {
        field.bad(cat(what, ": chunks '", tensor.chunks[one].name, "' and '",
                      tensor.chunks[other].name, "' both have element ",
                      element));
      });
  return tensor;
}

/// Every byte of a file is its header's or one chunk's, so that a checksum
/// guards it.
void checkFilled(const Index &index, const std::string &path) {
  struct Part {
    int64_t begin, end;
    const std::string *name;
  };
  std::vector<std::vector<Part>> parts(index.files.size());
  for (const IndexTensor &tensor : index.tensors)
    for (const IndexChunk &chunk : tensor.chunks)
      parts[chunk.file].push_back(
          {chunk.offset, chunk.offset + chunk.bytes, &chunk.name});
  for (size_t i = 0; i < parts.size(); ++i) {
    const IndexFile &file = index.files[i];
    std::sort(parts[i].begin(), parts[i].end(),
              [](const Part &a, const Part &b) { return a.begin < b.begin; });
    int64_t end = file.headerBytes;
    for (const Part &part : parts[i]) {
      if (part.begin != end)
        fail(ExitCode::BadInput, path, ": chunk '", *part.name, "' is at byte ",
             part.begin, " of '", file.name, "', where ", end, " was expected");
      end = part.end;
    }
    if (end != file.bytes)
      fail(ExitCode::BadInput, path, ": '", file.name, "' has ", file.bytes,
           " bytes, its chunks end at ", end);
  }
}

Progress readProgress(const Field &root) {
  Progress progress;
  progress.step = root["step"].size();
  progress.plan = root["plan"].string();
  progress.program = root["program"].string();
  progress.seed = root["random"]["seed"].natural();
  progress.randomCounter = root["random"]["counter"].natural();
  progress.dataPosition = root["data"]["position"].size();
  progress.extra = root["extra"].object().dump();
  return progress;
}

} // namespace

Index parseIndex(const std::string &text, const std::string &path) {
  nlohmann::json json =
      nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object())
    fail(ExitCode::BadInput, path, ": not a JSON object");
  Field root(json, path);
  std::string schema = root["schema"].string();
  if (schema != checkpointSchema)
    root.bad(cat("the checkpoint's format is '", schema, "', this reads '",
                 checkpointSchema, "'"));
  if (root["block_bytes"].size() != checksumBlockBytes)
    root["block_bytes"].bad(cat("expected ", checksumBlockBytes));
  Index index;
  index.progress = readProgress(root);
  index.mesh = root["mesh"].string();
  std::set<std::string> files, tensors;
  for (const Field &field : root["files"].list()) {
    index.files.push_back(readFile(field));
    if (!files.insert(index.files.back().name).second)
      field.bad(cat("'", index.files.back().name, "' is listed twice"));
  }
  for (const Field &field : root["tensors"].list()) {
    index.tensors.push_back(readTensor(field, index.files));
    if (!tensors.insert(index.tensors.back().name).second)
      field.bad(cat("'", index.tensors.back().name, "' is listed twice"));
  }
  checkFilled(index, path);
  return index;
}

} // namespace vescale::runtime
