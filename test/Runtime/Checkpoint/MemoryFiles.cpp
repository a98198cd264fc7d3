// The file system in memory.
#include "test/Runtime/Checkpoint/MemoryFiles.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace vescale::test {

using Lock = std::lock_guard<std::mutex>;

MemoryFiles::MemoryFiles()
    : root(std::make_shared<Node>(Node{true, {}, {}, {}, {}, {}})) {}

int MemoryFiles::change() {
  if (dead)
    throw Killed();
  ++count;
  if (count == fatal) {
    dead = true;
    throw Killed();
  }
  return count == failing ? -failure : 0;
}

MemoryFiles::Link MemoryFiles::find(const std::string &path) const {
  Link at = root;
  for (size_t begin = 0; begin < path.size();) {
    size_t end = std::min(path.find('/', begin), path.size());
    std::string name = path.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty() || name == ".")
      continue;
    auto found = at->names.find(name);
    if (found == at->names.end())
      return nullptr;
    at = found->second;
  }
  return at;
}

std::pair<MemoryFiles::Link, std::string>
MemoryFiles::locate(const std::string &path) const {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return {root, path};
  return {find(path.substr(0, slash)), path.substr(slash + 1)};
}

void MemoryFiles::apply(Node &directory, const Change &change) {
  if (!change.removed.empty())
    directory.names.erase(change.removed);
  if (!change.added.empty())
    directory.names[change.added] = change.node;
  directory.changes.push_back(change);
}

int MemoryFiles::openWrite(const std::string &path) {
  Lock lock(mutex);
  if (int error = change())
    return error;
  auto [directory, name] = locate(path);
  if (!directory)
    return -ENOENT;
  Link node = find(path);
  if (node && node->isDirectory)
    return -EISDIR;
  if (node) {
    used -= static_cast<int64_t>(node->data.size());
    node->data.clear();
  } else {
    node = std::make_shared<Node>(Node{false, {}, {}, {}, {}, {}});
    apply(*directory, {"", name, node});
  }
  open[nextFile] = node;
  return nextFile++;
}

int MemoryFiles::openRead(const std::string &path) {
  Lock lock(mutex);
  Link node = find(path);
  if (!node)
    return -ENOENT;
  open[nextFile] = node;
  return nextFile++;
}

int64_t MemoryFiles::write(int file, const void *data, int64_t bytes) {
  Lock lock(mutex);
  if (isShort)
    bytes = 1 + static_cast<int64_t>(shortening() % bytes);
  auto *from = static_cast<const char *>(data);
  Node &node = *open.at(file);
  try {
    if (int error = change())
      return error;
  } catch (const Killed &) {
    // A part may have come through.
    node.data.append(from, bytes / 2);
    throw;
  }
  int64_t room = std::min(bytes, capacity - used);
  if (room <= 0)
    return -ENOSPC;
  node.data.append(from, room);
  used += room;
  return room;
}

int64_t MemoryFiles::read(int file, void *data, int64_t bytes, int64_t offset) {
  Lock lock(mutex);
  const std::string &from = open.at(file)->data;
  int64_t count =
      std::clamp<int64_t>(static_cast<int64_t>(from.size()) - offset, 0, bytes);
  std::memcpy(data, from.data() + std::min<size_t>(offset, from.size()), count);
  return count;
}

int64_t MemoryFiles::size(int file) {
  Lock lock(mutex);
  const Node &node = *open.at(file);
  return node.isDirectory ? -EISDIR : static_cast<int64_t>(node.data.size());
}

int MemoryFiles::sync(int file) {
  Lock lock(mutex);
  if (int error = change())
    return error;
  Node &node = *open.at(file);
  node.synced = node.data;
  return 0;
}

int MemoryFiles::close(int file) {
  Lock lock(mutex);
  open.erase(file);
  return 0;
}

int MemoryFiles::makeDirectory(const std::string &path) {
  Lock lock(mutex);
  if (int error = change())
    return error;
  auto [directory, name] = locate(path);
  if (!directory)
    return -ENOENT;
  if (directory->names.count(name))
    return -EEXIST;
  apply(*directory,
        {"", name, std::make_shared<Node>(Node{true, {}, {}, {}, {}, {}})});
  return 0;
}

int MemoryFiles::removeDirectory(const std::string &path) {
  Lock lock(mutex);
  if (int error = change())
    return error;
  auto [directory, name] = locate(path);
  Link node = find(path);
  if (!node)
    return -ENOENT;
  if (!node->names.empty())
    return -ENOTEMPTY;
  apply(*directory, {name, "", nullptr});
  return 0;
}

int MemoryFiles::syncDirectory(const std::string &path) {
  Lock lock(mutex);
  if (int error = change())
    return error;
  Link node = find(path);
  if (!node)
    return -ENOENT;
  node->syncedNames = node->names;
  node->changes.clear();
  return 0;
}

int MemoryFiles::list(const std::string &path, std::vector<Entry> &entries) {
  Lock lock(mutex);
  Link node = find(path);
  entries.clear();
  if (!node)
    return -ENOENT;
  if (!node->isDirectory)
    return -ENOTDIR;
  for (const auto &[name, child] : node->names)
    entries.push_back({name, child->isDirectory});
  return 0;
}

int MemoryFiles::rename(const std::string &from, const std::string &to) {
  Lock lock(mutex);
  if (int error = change())
    return error;
  auto [source, oldName] = locate(from);
  auto [target, newName] = locate(to);
  Link node = find(from), there = find(to);
  if (!node)
    return -ENOENT;
  if (source != target)
    return -EXDEV; // saves rename within a directory
  if (there && there->isDirectory && !there->names.empty())
    return -ENOTEMPTY;
  apply(*source, {oldName, newName, node});
  return 0;
}

int MemoryFiles::unlink(const std::string &path) {
  Lock lock(mutex);
  if (int error = change())
    return error;
  auto [directory, name] = locate(path);
  Link node = find(path);
  if (!node)
    return -ENOENT;
  used -= static_cast<int64_t>(node->data.size());
  apply(*directory, {name, "", nullptr});
  return 0;
}

/// Each change of a directory reached the disk or did not; of a file that was
/// not synced there is some beginning, or zeros in the place of data.
MemoryFiles::Link MemoryFiles::recover(const Node &node, Unsynced unsynced,
                                       std::mt19937_64 &random) {
  auto copy = std::make_shared<Node>(
      Node{node.isDirectory, node.synced, {}, {}, {}, {}});
  bool kept = unsynced == Unsynced::Kept;
  if (kept)
    copy->data = node.data;
  if (unsynced == Unsynced::Random && node.data != node.synced)
    switch (random() % 3) {
    case 0:
      break;
    case 1:
      copy->data = node.data.substr(0, random() % (node.data.size() + 1));
      break;
    case 2:
      copy->data.resize(node.data.size(), '\0');
    }
  copy->synced = copy->data;
  Names names = node.syncedNames;
  for (const Change &change : node.changes) {
    if (!kept && (unsynced == Unsynced::Lost || random() % 2))
      continue;
    if (!change.removed.empty())
      names.erase(change.removed);
    if (!change.added.empty())
      names[change.added] = change.node;
  }
  for (const auto &[name, child] : names)
    copy->names[name] = recover(*child, unsynced, random);
  copy->syncedNames = copy->names;
  return copy;
}

std::unique_ptr<MemoryFiles> MemoryFiles::afterCrash(Unsynced unsynced,
                                                     uint64_t seed) const {
  std::mt19937_64 random(seed);
  auto result = std::make_unique<MemoryFiles>();
  result->root = recover(*root, unsynced, random);
  return result;
}

std::vector<std::string> MemoryFiles::filesBelow(const std::string &path) {
  std::vector<std::string> files;
  for (const auto &[name, child] : find(path)->names)
    if (!child->isDirectory) {
      files.push_back(path + "/" + name);
    } else {
      std::vector<std::string> inner = filesBelow(path + "/" + name);
      files.insert(files.end(), inner.begin(), inner.end());
    }
  return files;
}

std::string &MemoryFiles::contents(const std::string &path) {
  return find(path)->data;
}

} // namespace vescale::test
