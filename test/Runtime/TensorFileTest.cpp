// Tensor files: round trips, and malformed ones that must be refused.
#include "runtime/core/Error.h"
#include "runtime/io/NpyHeader.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <unistd.h>

using namespace vescale::runtime;
namespace fs = std::filesystem;

namespace {

class TensorFiles : public testing::Test {
protected:
  void SetUp() override {
    dir = fs::temp_directory_path() /
          ("vescale-tensors-" + std::to_string(getpid()));
    fs::create_directories(dir);
  }
  void TearDown() override { fs::remove_all(dir); }

  std::string write(const std::string &name, const std::string &bytes) {
    std::string path = dir / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  /// An archive of entries with the given bytes.
  std::string writeZip(const std::string &name,
                       std::vector<std::pair<std::string, std::string>> entries,
                       int method) {
    std::string path = dir / name;
    int code = 0;
    zip_t *archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    for (auto &[entry, bytes] : entries) {
      zip_source_t *source =
          zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
      zip_int64_t at = zip_file_add(archive, entry.c_str(), source, 0);
      zip_set_file_compression(archive, at, method, 0);
    }
    EXPECT_EQ(zip_close(archive), 0);
    return path;
  }
  static std::string npy(const std::string &dict, const std::string &data,
                         int major = 1) {
    std::string bytes("\x93NUMPY", 6);
    bytes += static_cast<char>(major);
    bytes += '\0';
    bytes += static_cast<char>(dict.size() & 255);
    bytes += static_cast<char>(dict.size() >> 8);
    if (major > 1)
      bytes += std::string(2, '\0');
    return bytes + dict + data;
  }
  static std::string safetensors(const std::string &header,
                                 const std::string &data) {
    uint64_t size = header.size();
    return std::string(reinterpret_cast<char *>(&size), 8) + header + data;
  }
  static std::string refusal(const std::string &path) {
    try {
      openTensorFile(path);
    } catch (const Failure &failure) {
      EXPECT_EQ(failure.code, ExitCode::BadInput);
      return failure.what();
    }
    ADD_FAILURE() << path << " was accepted";
    return "";
  }
  void expectRefusal(const std::string &path, const char *text) {
    std::string message = refusal(path);
    EXPECT_NE(message.find(text), std::string::npos) << message;
  }

  fs::path dir;
};

constexpr const char *good =
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";

TEST_F(TensorFiles, RoundTripsEveryType) {
  for (const char *format : {"t.npz", "t.safetensors"}) {
    std::vector<TensorInfo> infos;
    std::vector<std::vector<char>> data;
    for (int dtype = VS_F32; dtype <= VS_BOOL; ++dtype) {
      if (dtype == VS_BF16 && std::string(format) == "t.npz")
        continue;
      std::vector<int64_t> shape = dtype == VS_F64 ? std::vector<int64_t>{}
                                   : dtype == VS_I8
                                       ? std::vector<int64_t>{0, 4}
                                       : std::vector<int64_t>{3, 5};
      int64_t bytes = checkedBytes(shape, dtypeBytes(vs_dtype(dtype)));
      infos.push_back(
          {"tensor/" + std::to_string(dtype), vs_dtype(dtype), shape, bytes});
      data.emplace_back(bytes + 1, static_cast<char>(dtype + 1));
    }
    std::vector<TensorData> tensors;
    for (size_t i = 0; i < infos.size(); ++i)
      tensors.push_back({infos[i], data[i].data()});
    writeTensorFile(dir / format, tensors);
    auto file = openTensorFile(dir / format);
    ASSERT_EQ(file->tensors().size(), infos.size());
    for (size_t i = 0; i < infos.size(); ++i) {
      const TensorInfo *info = file->find(infos[i].name);
      ASSERT_TRUE(info);
      EXPECT_EQ(info->shape, infos[i].shape);
      EXPECT_EQ(info->dtype, infos[i].dtype);
      std::vector<char> read(infos[i].bytes + 1, static_cast<char>(0));
      file->read(info - file->tensors().data(), read.data());
      EXPECT_EQ(0, std::memcmp(read.data(), data[i].data(), infos[i].bytes));
    }
  }
}

TEST_F(TensorFiles, ReadsDeflatedAndColumnMajorArrays) {
  float values[6] = {0, 1, 2, 3, 4, 5};
  std::string data(reinterpret_cast<char *>(values), sizeof(values));
  std::string columnMajor =
      npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", data);
  std::string path = writeZip(
      "a.npz", {{"rows.npy", npy(good, data)}, {"columns.npy", columnMajor}},
      ZIP_CM_DEFLATE);
  auto file = openTensorFile(path);
  float read[6];
  file->read(0, read);
  EXPECT_EQ(0, std::memcmp(read, values, sizeof(read)));
  file->read(1, read);
  const float expected[6] = {0, 2, 4, 1, 3, 5};
  EXPECT_EQ(0, std::memcmp(read, expected, sizeof(read)));
}

TEST_F(TensorFiles, RefusesMalformedNpy) {
  std::string data(24, '\0');
  expectRefusal(write("a.npy", "not an array"), "not a npy file");
  expectRefusal(write("b.npy", ""), "not a npy file");
  expectRefusal(write("c.npy", npy(good, data).substr(0, 30)), "cut off");
  expectRefusal(write("d.npy", npy(good, data + "x")), "holds 25");
  expectRefusal(write("e.npy", npy(good, data.substr(1))), "holds 23");
  expectRefusal(write("f.npy", npy(good, data, 9)), "version 9");
  auto dict = [&](const char *text, const char *why) {
    expectRefusal(write("g.npy", npy(text, data)), why);
  };
  dict("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3)}", ">f4");
  dict("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}", "|O");
  dict("{'descr': '<f4', 'shape': (2, 3)}", "missing");
  dict("{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3)}", "size");
  dict("{'descr': '<f4', 'fortran_order': False, 'shape': "
       "(99999999999999999999,)}",
       "64 bits");
  dict("{'descr': '<f4', 'fortran_order': False, 'shape': "
       "(4000000000, 4000000000)}",
       "64 bits");
  dict("{'descr': '<f4", "unterminated");
  dict("{'evil': __import__('os')}", "malformed");
}

TEST_F(TensorFiles, RefusesMalformedArchives) {
  std::string data(24, '\0');
  expectRefusal(write("a.npz", "PK but no archive"), "a.npz");
  expectRefusal(dir / "missing.npz", "missing.npz");
  expectRefusal(
      writeZip("b.npz", {{"x.npy", npy(good, data + "more")}}, ZIP_CM_STORE),
      "'x'");
  // A header that promises petabytes, in a small entry.
  expectRefusal(
      writeZip("c.npz",
               {{"x.npy", npy("{'descr': '<f4', 'fortran_order': False, "
                              "'shape': (1000000000000000,)}",
                              data)}},
               ZIP_CM_DEFLATE),
      "needs 4000000000000000");
  // Damaged data is found when it is read.
  std::string path =
      writeZip("d.npz", {{"x.npy", npy(good, data)}}, ZIP_CM_STORE);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(30 + 5 + 10 + static_cast<int>(std::strlen(good)) + 3);
  file.put('!');
  file.close();
  auto damaged = openTensorFile(path);
  char read[24];
  EXPECT_THROW(damaged->read(0, read), Failure);
}

TEST_F(TensorFiles, RefusesMalformedSafetensors) {
  std::string data(24, '\0');
  auto header = [&](const char *text, const char *why) {
    expectRefusal(write("a.safetensors", safetensors(text, data)), why);
  };
  expectRefusal(write("b.safetensors", "short"), "not a safetensors");
  expectRefusal(write("c.safetensors", std::string(8, '\xff') + data),
                "header of");
  header("not json", "JSON");
  header("[1, 2]", "JSON object");
  header(R"({"x": 3})", "'x'");
  header(R"({"x": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 28]}})",
         "outside");
  header(R"({"x": {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 4]}})",
         "outside");
  header(R"({"x": {"dtype": "F32", "shape": [2, 4], "data_offsets": [0, 24]}})",
         "2x4");
  header(R"({"x": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 24]}})",
         "not a size");
  header(R"({"x": {"dtype": "F9", "shape": [2], "data_offsets": [0, 24]}})",
         "F9");
  header((std::string(20000, '[')).c_str(), "JSON");
}

// Any damage to a good file is refused or read, never a crash.
TEST_F(TensorFiles, SurvivesRandomDamage) {
  std::string data(24, '\1');
  std::string header =
      R"({"x": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}})";
  const std::string npz = [&] {
    std::ifstream file(
        writeZip("s.npz", {{"x.npy", npy(good, data)}}, ZIP_CM_DEFLATE),
        std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  std::mt19937 random(3);
  for (auto &[name, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"s.npy", npy(good, data)},
           {"s.npz", npz},
           {"s.safetensors", safetensors(header, data)}})
    for (int round = 0; round < 400; ++round) {
      std::string damaged = bytes;
      for (int i = 0; i <= round % 4; ++i)
        damaged[random() % damaged.size()] = static_cast<char>(random());
      if (round % 5 == 0)
        damaged.resize(random() % damaged.size());
      try {
        auto file = openTensorFile(write(name, damaged));
        for (size_t i = 0; i < file->tensors().size(); ++i) {
          ASSERT_LE(file->tensors()[i].bytes, 1 << 20);
          std::vector<char> read(file->tensors()[i].bytes + 1);
          file->read(i, read.data());
        }
      } catch (const Failure &) {
      }
    }
}

TEST_F(TensorFiles, RefusesWhatAFormatCannotHold) {
  TensorInfo bf16{"x", VS_BF16, {2}, 4};
  EXPECT_THROW(checkWritable("a.npz", {bf16}), Failure);
  EXPECT_NO_THROW(checkWritable("a.safetensors", {bf16}));
  TensorInfo f32{"y", VS_F32, {1}, 4};
  EXPECT_THROW(checkWritable("a.npy", {f32, f32}), Failure);
  EXPECT_THROW(checkWritable("a.txt", {f32}), Failure);
}

} // namespace
