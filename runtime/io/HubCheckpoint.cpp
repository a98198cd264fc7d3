// Finds a checkpoint's files and the tensors in them.
#include "runtime/io/HubCheckpoint.h"

#include "runtime/core/Error.h"
#include "runtime/io/Text.h"

#include <nlohmann/json.hpp>

#include <cstring>
#include <filesystem>

namespace vescale::runtime {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Access = MappedFile::Access;

constexpr const char *singleName = "model.safetensors";
constexpr const char *indexName = "model.safetensors.index.json";
constexpr int64_t maxIndexBytes = 100'000'000;
constexpr size_t maxShards = 10'000;

std::string realPath(const std::string &path, const std::string &what) {
  std::error_code code;
  fs::path real = fs::canonical(path, code);
  if (code)
    fail(ExitCode::BadInput, what, " '", path, "': ", code.message());
  return real.string();
}

bool isInside(const fs::path &path, const fs::path &directory) {
  fs::path relative = path.lexically_relative(directory);
  return !relative.empty() && *relative.begin() != "..";
}

} // namespace

HubCheckpoint::HubCheckpoint(const std::string &path) : given(path) {
  std::error_code code;
  bool isDirectory = fs::is_directory(path, code);
  if (!isDirectory && !endsWith(path, ".json")) {
    if (!endsWith(path, ".safetensors"))
      fail(ExitCode::BadInput, "checkpoint '", path, "': ",
           fs::exists(path, code)
               ? "expected a .safetensors file or a directory that holds one"
               : "no such file or directory");
    std::string file = realPath(path, "checkpoint");
    for (const auto &item : open(file))
      fileOf[item.first] = file;
    return;
  }
  fs::path parent = isDirectory ? fs::path(path) : fs::path(path).parent_path();
  directory = realPath(parent / ".", "checkpoint");
  if (!isDirectory) {
    readIndex(realPath(path, "checkpoint's index"));
    return;
  }
  if (fs::exists(fs::path(directory) / singleName, code)) {
    std::string file = resolve(singleName);
    for (const auto &item : open(file))
      fileOf[item.first] = file;
    return;
  }
  if (!fs::exists(fs::path(directory) / indexName, code))
    fail(ExitCode::BadInput, "checkpoint '", path, "' holds neither ",
         singleName, " nor ", indexName);
  readIndex(resolve(indexName));
}

void HubCheckpoint::readIndex(const std::string &index) {
  MappedFile file(index, "checkpoint's index");
  if (file.size() > maxIndexBytes)
    fail(ExitCode::BadInput, index, ": an index of ", file.size(),
         " bytes; the most that is read is ", maxIndexBytes);
  Json json = Json::parse(file.data(), file.data() + file.size(), nullptr,
                          /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("weight_map") ||
      !json["weight_map"].is_object())
    fail(ExitCode::BadInput, index,
         ": not an index: a JSON object with a 'weight_map' of tensors to "
         "files is expected");
  std::map<std::string, std::string> shards;
  for (const auto &item : json["weight_map"].items()) {
    if (!item.value().is_string())
      fail(ExitCode::BadInput, index, ": weight_map['", item.key(),
           "'] is not the name of a file");
    auto [shard, isNew] = shards.try_emplace(item.value().get<std::string>());
    if (isNew)
      shard->second = resolve(shard->first);
    if (shards.size() > maxShards)
      fail(ExitCode::BadInput, index, ": names more than ", maxShards,
           " files");
    fileOf[item.key()] = shard->second;
  }
}

std::string HubCheckpoint::resolve(const std::string &name) {
  auto refuse = [&](const char *why) {
    fail(ExitCode::BadInput, "checkpoint '", given, "': the file name '",
         name.c_str(), "' ", why);
  };
  fs::path relative(name);
  if (name.empty() || std::strlen(name.c_str()) != name.size())
    refuse("is empty or holds a NUL byte");
  if (relative.is_absolute())
    refuse("is an absolute path");
  for (const fs::path &part : relative)
    if (part == "..")
      refuse("leads out of the directory");
  std::string real =
      realPath(fs::path(directory) / relative, "checkpoint's file");
  fs::path snapshots = fs::path(directory).parent_path();
  bool inBlobs = snapshots.filename() == "snapshots" &&
                 isInside(real, snapshots.parent_path() / "blobs");
  if (!isInside(real, directory) && !inBlobs)
    refuse("is a link that leads out of the directory");
  return real;
}

const HubCheckpoint::Entries &HubCheckpoint::open(const std::string &file) {
  auto [it, isNew] = opened.try_emplace(file);
  if (isNew) {
    MappedFile mapped(file, "checkpoint's file", Access::OnlyTouched);
    for (SafetensorsEntry &entry : readSafetensorsHeader(mapped)) {
      std::string name = entry.name;
      it->second.emplace(std::move(name), std::move(entry));
    }
  }
  return it->second;
}

HubTensor HubCheckpoint::find(const std::string &name) {
  const std::string &file = fileOf.at(name);
  const Entries &entries = open(file);
  auto entry = entries.find(name);
  if (entry == entries.end())
    fail(ExitCode::BadInput, "checkpoint '", given, "': the index says that '",
         name, "' is in '", file, "', which has no such tensor");
  return {file, entry->second};
}

bool HubCheckpoint::sameData(const HubTensor &a, const HubTensor &b) {
  if (a.entry.dtypeText != b.entry.dtypeText || a.entry.shape != b.entry.shape)
    return false;
  MappedFile left(a.file, "checkpoint's file");
  MappedFile right(b.file, "checkpoint's file");
  return a.entry.bytes == b.entry.bytes &&
         std::memcmp(left.data() + a.entry.offset,
                     right.data() + b.entry.offset, a.entry.bytes) == 0;
}

} // namespace vescale::runtime
