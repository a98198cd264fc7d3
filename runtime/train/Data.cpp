// Reads training data.
#include "runtime/train/Data.h"

#include "runtime/core/Error.h"
#include "runtime/core/Layout.h"
#include "runtime/core/Number.h"

#include <algorithm>
#include <cstring>

namespace vescale::runtime {
namespace {

bool isInteger(vs_dtype dtype) {
  return dtype != VS_F32 && dtype != VS_F64 && dtype != VS_F16 &&
         dtype != VS_BF16;
}

void writeInteger(char *to, vs_dtype dtype, int64_t value) {
  std::memcpy(to, &value, dtypeBytes(dtype)); // little-endian
}

/// Calls `row(local, column, count)` for the runs of valid elements of a shard:
/// the place in the local buffer, and in the dense row of one sample.
template <typename Row>
void forEachRun(const Shard &shard, const std::vector<int64_t> &shape,
                int64_t sample, Row row) {
  size_t rank = shape.size();
  if (rank == 1)
    return row(sample, 0, 1);
  std::vector<int64_t> index(rank, 0);
  int64_t runs = 1;
  for (size_t dim = 1; dim + 1 < rank; ++dim)
    runs *= shard.valid[dim];
  for (int64_t run = 0; run < runs; ++run) {
    int64_t local = sample, global = 0;
    for (size_t dim = 1; dim < rank; ++dim) {
      local = local * shard.local[dim] + index[dim];
      global = global * shape[dim] + shard.start[dim] + index[dim];
    }
    row(local, global, shard.valid[rank - 1]);
    for (size_t dim = rank - 1; dim-- > 1;) {
      if (++index[dim] < shard.valid[dim])
        break;
      index[dim] = 0;
    }
  }
}

} // namespace

bool isTokenFile(const std::string &path) {
  return path.size() > 4 && path.substr(path.size() - 4) == ".bin";
}

Data::Data(const Manifest &manifest, const std::string &path, TokenWidth width,
           int64_t rank, DataUse use)
    : manifest(manifest), path(path), width(width),
      order(use == DataUse::Train ? manifest.train->order
                                  : SampleOrder::Sequential),
      microBatches(manifest.train->microBatches) {
  const TrainManifest &train = *manifest.train;
  for (const Port &port : manifest.inputs) {
    if (port.name == VS_ROWS_INPUT) {
      addRows(port, rank);
      continue;
    }
    auto found = train.data.find(port.name);
    if (found == train.data.end())
      fail(ExitCode::BadInput, "nothing says where the input '", port.name,
           "' comes from; name it under \"data\" in the train file and compile "
           "again");
    Input input{&port, found->second,
                shardOf(port.shape, port.layout, manifest.mesh, rank)};
    bool isSampled = !input.source.fill;
    if (isSampled && port.shape.empty())
      fail(ExitCode::BadInput, "the input '", port.name,
           "' is a scalar; only a number can fill it");
    if (isSampled) {
      int64_t shards = shardCount(port.layout.dims[0]);
      if (batch && port.shape[0] != batch)
        fail(ExitCode::BadInput, "the input '", port.name, "' has ",
             port.shape[0], " samples, others have ", batch);
      batch = port.shape[0];
      if (batch % shards != 0)
        fail(ExitCode::BadInput, "a batch of ", batch,
             " samples can't be cut "
             "into ",
             shards, " equal parts, as training needs");
    } else if (port.dtype == VS_F16 || port.dtype == VS_BF16) {
      fail(ExitCode::BadInput, "the input '", port.name, "' is ",
           dtypeName(port.dtype), ", which no number can fill");
    }
    inputs.push_back(std::move(input));
  }
  if (rows && rows->port->shape[0] != batch)
    fail(ExitCode::BadInput, "dropout numbers ", rows->port->shape[0],
         " samples, but inputs have ", batch);
  for (const auto &field : train.data)
    if (std::none_of(inputs.begin(), inputs.end(), [&](const Input &input) {
          return input.port->name == field.first;
        }))
      fail(ExitCode::BadInput, "the train file says where '", field.first,
           "' comes from, which is no input of the step");
  isTokenFile(path) ? openTokens(path) : openArrays(path);
}

void Data::addRows(const Port &port, int64_t rank) {
  if (port.shape.size() != 1 || port.dtype != VS_I64)
    fail(ExitCode::BadInput, "the input '", port.name, "' is ",
         shapeText(port.shape), " ", dtypeName(port.dtype),
         ", it must be an i64 for each sample");
  rows.emplace();
  rows->port = &port;
  rows->shard = shardOf(port.shape, port.layout, manifest.mesh, rank);
}

void Data::openTokens(const std::string &path) {
  tokens = std::make_unique<MappedFile>(path, cat("data '", path, "'"));
  int64_t bytes = static_cast<int64_t>(width);
  if (tokens->size() % bytes != 0)
    fail(ExitCode::BadInput, "data '", path, "' has ", tokens->size(),
         " bytes, which are no tokens of ", bytes);
  tokenCount = tokens->size() / bytes;
  int64_t reach = 0;
  for (const Input &input : inputs) {
    if (input.source.fill)
      continue;
    const Port &port = *input.port;
    if (port.shape.size() != 2 ||
        (port.dtype != VS_I64 && port.dtype != VS_I32))
      fail(ExitCode::BadInput, "the input '", port.name, "' is ",
           shapeText(port.shape), " ", dtypeName(port.dtype),
           ", but tokens are samples × positions of i32 or i64");
    if (sequence && port.shape[1] != sequence)
      fail(ExitCode::BadInput, "the input '", port.name, "' has ",
           port.shape[1], " positions, others have ", sequence);
    sequence = port.shape[1];
    reach = std::max(reach, sequence + input.source.shift);
  }
  tokensPerSample = sequence;
  // Windows are drawn so that one token follows; more must be there as well.
  if (tokenCount < std::max(reach, sequence + 1))
    fail(ExitCode::BadInput, "data '", path, "' has ", tokenCount,
         " tokens, a sample reads ", std::max(reach, sequence + 1));
  samples = sequence ? (tokenCount - reach) / sequence + 1 : 1;
}

void Data::openArrays(const std::string &path) {
  arrays = openTensorFile(path);
  int64_t count = -1;
  for (Input &input : inputs) {
    if (input.source.fill)
      continue;
    const Port &port = *input.port;
    const auto &infos = arrays->tensors();
    auto found =
        std::find_if(infos.begin(), infos.end(), [&](const TensorInfo &info) {
          return info.name == input.source.from ||
                 (info.name.empty() && infos.size() == 1);
        });
    if (found == infos.end())
      fail(ExitCode::BadInput, "data '", path, "' has no array '",
           input.source.from, "', from which the input '", port.name,
           "' comes");
    std::vector<int64_t> sample(port.shape.begin() + 1, port.shape.end());
    bool fits = !found->shape.empty() && found->shape[0] > 0 &&
                std::equal(sample.begin(), sample.end(),
                           found->shape.begin() + 1, found->shape.end());
    if (!fits)
      fail(ExitCode::BadInput, "the array '", input.source.from, "' of '", path,
           "' is ", shapeText(found->shape), "; the input '", port.name,
           "' takes samples of ", shapeText(sample));
    bool widens = isInteger(found->dtype) && isInteger(port.dtype) &&
                  dtypeBytes(found->dtype) < dtypeBytes(port.dtype);
    if (found->dtype != port.dtype && !widens)
      fail(ExitCode::BadInput, "the array '", input.source.from, "' of '", path,
           "' is ", dtypeName(found->dtype), ", the input '", port.name,
           "' takes ", dtypeName(port.dtype));
    if (input.source.shift)
      fail(ExitCode::BadInput, "\"shift\" is for tokens; the input '",
           port.name, "' comes from an array");
    if (count >= 0 && found->shape[0] != count)
      fail(ExitCode::BadInput, "the array '", input.source.from, "' of '", path,
           "' has ", found->shape[0], " samples, others have ", count);
    count = found->shape[0];
    input.tensor = found - infos.begin();
    input.data = arrays->data(input.tensor);
    if (!input.data) {
      input.whole.resize(std::max<int64_t>(found->bytes, 1));
      arrays->read(input.tensor, input.whole.data());
      input.data = input.whole.data();
    }
  }
  samples = std::max<int64_t>(count, 1);
  sampler =
      std::make_unique<ArraySampler>(manifest.train->seed, samples, order);
}

int64_t Data::tokenAt(int64_t index) const {
  const char *at = tokens->data() + index * static_cast<int64_t>(width);
  if (width == TokenWidth::U16) {
    uint16_t token;
    std::memcpy(&token, at, sizeof(token));
    return token;
  }
  uint32_t token;
  std::memcpy(&token, at, sizeof(token));
  return token;
}

/// Micro-batches are parts of the step's batch, one after the other.
int64_t Data::firstRow(const Input &input, int64_t microBatch) const {
  return microBatch * batch + input.shard.start[0];
}

void Data::place(const Addresses &addresses, int64_t step, int64_t microBatch) {
  for (Input &input : inputs) {
    const Place &at = input.port->at;
    char *to = addresses.at({at.space, 0, at.offset});
    if (input.source.fill) {
      fillElements(input.port->dtype, *input.source.fill,
                   input.shard.localElements(), to);
      continue;
    }
    int64_t first = step * batchOfStep() + firstRow(input, microBatch);
    tokens ? placeTokens(input, to, first) : placeArray(input, to, first);
  }
  if (!rows)
    return;
  const Place &at = rows->port->at;
  char *to = addresses.at({at.space, 0, at.offset});
  for (int64_t row = 0; row < rows->shard.valid[0]; ++row)
    writeInteger(to + row * dtypeBytes(VS_I64), VS_I64,
                 firstRow(*rows, microBatch) + row);
}

void Data::placeTokens(const Input &input, char *to, int64_t firstSample) {
  const Port &port = *input.port;
  int64_t bytes = dtypeBytes(port.dtype);
  for (int64_t row = 0; row < input.shard.valid[0]; ++row) {
    int64_t sample = firstSample + row;
    int64_t offset =
        input.source.shift +
        (order == SampleOrder::Shuffled
             ? tokenOffset(manifest.train->seed, sample, tokenCount, sequence)
             : sample % samples * sequence);
    forEachRun(input.shard, port.shape, row,
               [&](int64_t local, int64_t column, int64_t count) {
                 for (int64_t i = 0; i < count; ++i) {
                   int64_t at = offset + column + i;
                   if (at >= tokenCount)
                     fail(ExitCode::BadInput, "a sample reads token ", at,
                          " of '", path, "', which has ", tokenCount);
                   writeInteger(to + (local + i) * bytes, port.dtype,
                                tokenAt(at));
                 }
               });
  }
}

void Data::placeArray(Input &input, char *to, int64_t firstSample) {
  const Port &port = *input.port;
  const TensorInfo &info = arrays->tensors()[input.tensor];
  int64_t from = dtypeBytes(info.dtype), bytes = dtypeBytes(port.dtype);
  int64_t sampleBytes = info.bytes / info.shape[0];
  for (int64_t row = 0; row < input.shard.valid[0]; ++row) {
    const char *sample =
        input.data + sampler->index(firstSample + row) * sampleBytes;
    forEachRun(input.shard, port.shape, row,
               [&](int64_t local, int64_t column, int64_t count) {
                 if (info.dtype == port.dtype) {
                   std::memcpy(to + local * bytes, sample + column * bytes,
                               count * bytes);
                   return;
                 }
                 for (int64_t i = 0; i < count; ++i)
                   writeInteger(to + (local + i) * bytes, port.dtype,
                                static_cast<int64_t>(numberAt(
                                    info.dtype, sample + (column + i) * from)));
               });
  }
}

} // namespace vescale::runtime
