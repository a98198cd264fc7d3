//===- Reader.cpp - From an ONNX file to a checked model ------------------===//

#include "lib/Frontend/Onnx/Reader.h"
#include "lib/Frontend/Onnx/ProtoReader.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <google/protobuf/io/coded_stream.h>

namespace vescale::onnx {

/// Messages listed before the rest is only counted.
static constexpr size_t maxProblems = 64;
static constexpr size_t maxMessageBytes = 2000;
/// Levels of protobuf messages; a subgraph takes three.
static constexpr int maxMessageDepth = 100;

/// Names come from the file; none of them may steer a terminal.
static std::string printable(std::string text) {
  for (char &c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = '?';
  if (text.size() > maxMessageBytes) {
    text.resize(maxMessageBytes);
    text += "…";
  }
  return text;
}

void Problems::add(const llvm::Twine &message) {
  if (messages.size() < maxProblems) {
    messages.push_back(printable((file + ": " + message).str()));
    return;
  }
  if (dropped++ == 0)
    messages.emplace_back();
  messages.back() =
      file + ": and " + std::to_string(dropped) + " more problems";
}

void Problems::addOnce(const llvm::Twine &who, const llvm::Twine &what) {
  if (shared.insert(what.str()).second)
    add(who + what);
}

static void silence(google::protobuf::LogLevel, const char *, int,
                    const std::string &) {}

static std::optional<Model> read(llvm::StringRef path, llvm::StringRef contents,
                                 bool isFile, DataFiles files,
                                 Problems &problems) {
  if (contents.empty()) {
    problems.add("the file is empty, not an ONNX model");
    return std::nullopt;
  }
  if (contents.size() > uint64_t(INT32_MAX)) {
    problems.add("the file has " + llvm::Twine(contents.size()) +
                 " bytes; an ONNX model holds less than 2 GiB: export the "
                 "weights as external data");
    return std::nullopt;
  }
  // protobuf writes what it thinks of a file to stderr; the messages are ours.
  google::protobuf::LogHandler *previous =
      google::protobuf::SetLogHandler(silence);
  ::onnx::ModelProto proto;
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t *>(contents.data()),
      static_cast<int>(contents.size()));
  stream.SetRecursionLimit(maxMessageDepth);
  bool parsed = proto.ParsePartialFromCodedStream(&stream) &&
                stream.ConsumedEntireMessage();
  google::protobuf::SetLogHandler(previous);
  if (!parsed) {
    problems.add("not an ONNX model: the file is truncated, damaged or nests "
                 "graphs more than " +
                 llvm::Twine(maxMessageDepth / 3) + " deep");
    return std::nullopt;
  }
  ProtoReader reader(path, isFile ? contents : llvm::StringRef(), files,
                     problems);
  Model model = reader.convert(proto);
  if (problems.any())
    return std::nullopt;
  checkModel(model, problems);
  if (problems.any())
    return std::nullopt;
  return model;
}

std::optional<Model> readModel(llvm::StringRef path, DataFiles files,
                               Problems &problems) {
  // A FIFO or device would block or never end; only regular files are models.
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status)) {
    problems.add("can't be opened: " + error.message());
    return std::nullopt;
  }
  if (status.type() != llvm::sys::fs::file_type::regular_file) {
    problems.add("is not a regular file");
    return std::nullopt;
  }
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer) {
    problems.add("can't be read: " + buffer.getError().message());
    return std::nullopt;
  }
  return read(path, (*buffer)->getBuffer(), /*isFile=*/true, files, problems);
}

std::optional<Model> readModel(llvm::StringRef path, llvm::StringRef contents,
                               Problems &problems) {
  return read(path, contents, /*isFile=*/false, DataFiles::Needed, problems);
}

} // namespace vescale::onnx
