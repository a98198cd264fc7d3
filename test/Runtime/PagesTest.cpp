// A rank reads no more of a weights file than the pages that hold its own
// bytes: what the kernel has of the file after loading, page by page. And an
// arena's pages are made without being touched where that is asked for.
#include "runtime/core/Executor.h"
#include "runtime/core/Parameters.h"
#include "runtime/io/HubCheckpoint.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace vescale::runtime;
namespace fs = std::filesystem;

namespace {

constexpr int64_t page = 4096;

class Pages : public testing::Test {
protected:
  void SetUp() override {
    path = fs::path(VESCALE_TEST_DIR) /
           ("pages-" + std::to_string(getpid()) + ".bin");
  }
  void TearDown() override { fs::remove(path); }

  void writeFile(const std::string &content) {
    std::ofstream(path, std::ios::binary) << content;
    forget();
  }
  void writeFile(int64_t bytes) { writeFile(std::string(bytes, 'x')); }

  /// Writes the file out and drops what the kernel holds of it.
  void forget() {
    int fd = open(path.c_str(), O_RDWR);
    ASSERT_GE(fd, 0);
    fsync(fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
  }

  std::vector<bool> resident() {
    int64_t bytes = fs::file_size(path);
    int fd = open(path.c_str(), O_RDONLY);
    void *map = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    std::vector<unsigned char> state((bytes + page - 1) / page);
    EXPECT_EQ(mincore(map, bytes, state.data()), 0);
    munmap(map, bytes);
    std::vector<bool> pages;
    for (unsigned char bits : state)
      pages.push_back(bits & 1);
    return pages;
  }
  bool observable() {
    for (bool here : resident())
      if (here)
        return false;
    return true;
  }

  static Parameter parameter(std::vector<int64_t> shape, int64_t offset,
                             int sharded) {
    Parameter result;
    result.name = "w";
    result.dtype = VS_F32;
    result.shape = shape;
    int64_t bytes = 4;
    for (int64_t size : shape)
      bytes *= size;
    result.view = {0, {}};
    int64_t stride = 1;
    for (size_t dim = shape.size(); dim-- > 0; stride *= shape[dim])
      result.view.strides.insert(result.view.strides.begin(), stride);
    result.source = {"", offset, bytes, VS_F32, shape};
    result.layout.dims.resize(shape.size());
    if (sharded >= 0)
      result.layout.dims[sharded].push_back({0, 1, 2});
    result.at = {VS_ARENA, 0};
    return result;
  }

  /// The pages with an element of rank 1's shard of two.
  static void addOwn(const Parameter &parameter, std::vector<bool> &own) {
    Mesh mesh{{{"tp", 2}}};
    Shard shard = shardOf(parameter.shape, parameter.layout, mesh, 1);
    std::vector<int64_t> index(shard.valid.size(), 0);
    while (true) {
      int64_t element = parameter.view.offset;
      for (size_t dim = 0; dim < index.size(); ++dim)
        element +=
            (shard.start[dim] + index[dim]) * parameter.view.strides[dim];
      own[(parameter.source.offset + element * 4) / page] = true;
      size_t dim = index.size();
      while (dim > 0 && ++index[dim - 1] == shard.valid[dim - 1])
        index[--dim] = 0;
      if (dim == 0)
        return;
    }
  }

  /// Loads as rank 1 of 2; `use` gets the places.
  void load(std::vector<Parameter> list,
            std::function<void(const std::vector<char *> &)> use = {}) {
    Manifest manifest;
    manifest.mesh = {{{"tp", 2}}};
    manifest.parameters = std::move(list);
    for (Parameter &parameter : manifest.parameters)
      parameter.source.file = path;
    Parameters parameters(manifest, "", 1);
    std::vector<char> arena(64 << 20);
    std::vector<char *> places = parameters.load(arena.data(), [] {});
    if (use)
      use(places);
  }

  void expectOwn(const std::vector<Parameter> &list) {
    std::vector<bool> now = resident(), own(now.size(), false);
    for (const Parameter &parameter : list)
      addOwn(parameter, own);
    int64_t foreign = 0, missing = 0, mine = 0;
    for (size_t i = 0; i < own.size(); ++i) {
      foreign += now[i] && !own[i];
      missing += !now[i] && own[i];
      mine += own[i];
    }
    EXPECT_EQ(foreign, 0) << "pages beside " << mine << " own ones";
    // Else what was observed isn't the loading.
    EXPECT_EQ(missing, 0) << "of " << mine << " own pages";
    EXPECT_LT(mine, int64_t(own.size()));
  }

  fs::path path;
};

#define NEED_PAGES()                                                           \
  if (!observable())                                                           \
  GTEST_SKIP() << path << " is on a file system that keeps its pages in memory"

TEST_F(Pages, OfAShardOfRows) {
  writeFile(2048 * 1024 * 4 + page);
  NEED_PAGES();
  std::vector<Parameter> list = {parameter({2048, 1024}, 64, 0)};
  load(list);
  expectOwn(list);
}

TEST_F(Pages, OfAShardOfColumns) {
  writeFile(64 * 32768 * 4 + page);
  NEED_PAGES();
  std::vector<Parameter> list = {parameter({64, 32768}, 192, 1)};
  load(list);
  expectOwn(list);
}

TEST_F(Pages, OfATransposedView) {
  writeFile(512 * 4096 * 4);
  NEED_PAGES();
  // Stored as 512×4096, seen as 4096×512, its second dimension sharded.
  Parameter transposed = parameter({4096, 512}, 0, 1);
  transposed.view.strides = {1, 4096};
  transposed.source.shape = {512, 4096};
  load({transposed});
  expectOwn({transposed});
}

TEST_F(Pages, OfPackedWeights) {
  writeFile(2 * 1024 * 4096 * 4);
  NEED_PAGES();
  Parameter columns = parameter({1024, 4096}, 0, 1);
  columns.packed = Packed{1024, 2048, false};
  // As torch.nn.Linear stores it: rows of the file are columns.
  Parameter rows = parameter({4096, 1024}, 1024 * 4096 * 4, 0);
  rows.packed = Packed{1024, 2048, true};
  rows.at.offset = int64_t(32) << 20;
  load({columns, rows});
  expectOwn({columns, rows});
}

// What is read whole must not read its neighbours ahead.
TEST_F(Pages, OfWholeTensorsBesideOthers) {
  writeFile(16 << 20);
  NEED_PAGES();
  std::vector<Parameter> list = {parameter({1024}, 0, -1),
                                 parameter({64, 1024}, 4 << 20, -1),
                                 parameter({300, 1024}, (9 << 20) + 64, -1)};
  load(list);
  expectOwn(list);
}

TEST_F(Pages, OfWhatStaysInItsFile) {
  writeFile(2048 * 1024 * 4);
  NEED_PAGES();
  Parameter mapped = parameter({2048, 1024}, 0, 0);
  mapped.at.space = VS_PARAM;
  load({mapped}, [](const std::vector<char *> &places) {
    const volatile char *at = places[0];
    for (int64_t byte = 0; byte < 1024 * 1024 * 4; byte += page)
      (void)at[byte];
  });
  expectOwn({mapped});
}

TEST_F(Pages, OfALargeTableAreThoseOfTheRowsThatAreUsed) {
  constexpr int64_t rows = 8192, columns = 1024;
  writeFile(rows * columns * 4);
  NEED_PAGES();
  Parameter table = parameter({rows, columns}, 0, -1);
  table.at.space = VS_PARAM;
  load({table}, [](const std::vector<char *> &places) {
    const volatile char *at = places[0];
    for (int64_t row : {5, 6, 4000})
      (void)at[row * columns * 4];
  });
  std::vector<bool> now = resident();
  EXPECT_EQ(std::count(now.begin(), now.end(), true), 3);
  EXPECT_TRUE(now[5] && now[6] && now[4000]);
}

TEST_F(Pages, OfACheckpointAreItsHeaders) {
  path += ".safetensors";
  std::string header =
      R"({"w": {"dtype": "F32", "shape": [1048576], "data_offsets": [0, 4194304]}})";
  header.resize(1024, ' ');
  uint64_t length = header.size();
  writeFile(std::string(reinterpret_cast<char *>(&length), 8) + header +
            std::string(4 << 20, 'x'));
  NEED_PAGES();
  HubCheckpoint checkpoint(path);
  EXPECT_EQ(checkpoint.find("w").entry.offset, 1032);
  std::vector<bool> now = resident();
  EXPECT_EQ(std::count(now.begin(), now.end(), true), 1);
}

int64_t residentPages(const Arena &arena, int64_t bytes) {
  std::vector<unsigned char> state(bytes / page);
  EXPECT_EQ(mincore(arena.data(), bytes, state.data()), 0);
  return std::count_if(state.begin(), state.end(),
                       [](unsigned char bits) { return bits & 1; });
}

TEST(ArenaPages, AreMadeAhead) {
  constexpr int64_t bytes = int64_t(40) << 20;
  Arena untouched(bytes), arena(bytes, Paging::Ahead);
  constexpr int populate = 23;
  if (madvise(untouched.data(), page, populate) != 0)
    GTEST_SKIP() << "this kernel makes no pages ahead";
  for (int turn = 0; turn < 1000 && residentPages(arena, bytes) < bytes / page;
       ++turn)
    usleep(10000);
  EXPECT_EQ(residentPages(arena, bytes), bytes / page);
  EXPECT_LT(residentPages(untouched, bytes), bytes / page);
  for (int64_t at = 0; at < bytes; at += page)
    ASSERT_EQ(arena.data()[at], 0);
}

} // namespace
