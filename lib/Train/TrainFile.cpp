//===- TrainFile.cpp - What a training step is, as people write it --------===//

#include "vescale/Train/TrainFile.h"
#include "vescale/Support/Fields.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace vescale;

static constexpr StringLiteral kSchema = "vescale.train/1";
/// A train file larger than this is none.
static constexpr size_t kMaxBytes = 1 << 20;

static constexpr StringRef kLosses[] = {"cross_entropy", "mse", "output"};
static constexpr StringRef kOptimizers[] = {"adamw", "sgd"};
static constexpr StringRef kSchedules[] = {"constant", "linear", "cosine"};
static constexpr StringRef kPrecisions[] = {"f32", "bf16"};
static constexpr StringRef kBatchNorms[] = {"batch", "frozen"};
static constexpr StringRef kOrders[] = {"shuffled", "sequential"};

static void readLoss(Fields &fields, LossOptions &loss) {
  fields.choice("kind", loss.kind, kLosses);
  bool isEntropy = loss.kind == LossOptions::CrossEntropy;
  fields.text(isEntropy                                    ? "logits"
              : loss.kind == LossOptions::MeanSquaredError ? "prediction"
                                                           : "output",
              loss.output);
  if (loss.kind == LossOptions::MeanSquaredError)
    loss.labels = "target";
  if (loss.kind != LossOptions::Output)
    fields.text(isEntropy ? "labels" : "target", loss.labels);
  if (!isEntropy)
    return;
  fields.integer("ignore_index", loss.ignoreIndex, INT64_MIN);
  fields.number("label_smoothing", loss.labelSmoothing, 0, 1);
}

static void readOptimizer(Fields &fields, OptimizerOptions &optimizer) {
  fields.choice("kind", optimizer.kind, kOptimizers);
  fields.number("weight_decay", optimizer.weightDecay, 0, 1e6);
  fields.globs("no_decay", optimizer.noDecay);
  if (optimizer.kind == OptimizerOptions::Sgd) {
    fields.number("momentum", optimizer.momentum, 0, 1);
    return;
  }
  fields.number("epsilon", optimizer.epsilon, 0, 1);
  const json::Value *betas = fields.find("betas");
  if (!betas)
    return;
  const json::Array *pair = betas->getAsArray();
  std::optional<double> first, second;
  if (pair && pair->size() == 2) {
    first = (*pair)[0].getAsNumber();
    second = (*pair)[1].getAsNumber();
  }
  if (!first || !second || *first < 0 || *first >= 1 || *second < 0 ||
      *second >= 1)
    return fields.fail("betas", "needs two numbers, each at least 0 and below "
                                "1");
  optimizer.beta1 = *first;
  optimizer.beta2 = *second;
}

static void readSchedule(Fields &fields, ScheduleOptions &schedule) {
  fields.choice("kind", schedule.kind, kSchedules);
  fields.number("peak", schedule.peak, 0, 1e6);
  fields.integer("warmup_steps", schedule.warmupSteps, 0);
  if (schedule.kind == ScheduleOptions::Constant)
    return;
  fields.number("final", schedule.last, 0, 1e6);
  fields.integer("total_steps", schedule.totalSteps, 1);
  if (schedule.totalSteps <= schedule.warmupSteps)
    fields.fail("total_steps",
                formatv("is {0}, but the warm-up alone has {1} steps",
                        schedule.totalSteps, schedule.warmupSteps));
}

/// Rates below 1: all can't be dropped.
static constexpr double kHighestRate = 0.99999;

static void readRate(Fields &fields, StringRef name,
                     std::optional<double> &rate) {
  if (!fields.object.get(name)) {
    fields.find(name);
    return;
  }
  rate = 0;
  fields.number(name, *rate, 0, kHighestRate);
}

static void readDropout(Fields &fields, DropoutOptions &dropout) {
  readRate(fields, "embedding", dropout.embedding);
  readRate(fields, "attention", dropout.attention);
  readRate(fields, "residual", dropout.residual);
  fields.list("exported", [&](Fields &entry) {
    DropoutOptions::Rate &rate = dropout.exported.emplace_back();
    std::vector<std::string> globs;
    entry.globs("match", globs);
    if (globs.size() != 1)
      entry.fail("match", "needs one pattern");
    else
      rate.match = globs.front();
    if (!entry.find("rate"))
      entry.fail("rate", "is needed");
    entry.number("rate", rate.rate, 0, kHighestRate);
  });
}

static void readData(Fields &fields, std::map<std::string, DataOptions> &data) {
  for (const auto &entry : fields.object)
    if (StringRef name = entry.first; !isComment(name))
      fields.nested(name, [&](Fields &inner) {
        DataOptions &options = data[name.str()];
        if (inner.find("fill")) {
          options.fill = 0;
          inner.number("fill", *options.fill, -1e300, 1e300);
          return;
        }
        inner.text("from", options.from);
        inner.integer("shift", options.shift, 0, 1 << 30);
        if (options.from.empty())
          inner.fail("from", "or \"fill\" is needed");
      });
}

static void readAll(Fields &fields, TrainFile &train) {
  fields.nested("loss", [&](Fields &f) { readLoss(f, train.loss); });
  fields.choice("compute", train.compute, kPrecisions);
  fields.choice("reduce", train.reduce, kPrecisions);
  if (train.reduce == TrainFile::BF16 && train.compute == TrainFile::F32)
    fields.fail("reduce", "can be bf16 only where \"compute\" is");
  fields.nested("optimizer",
                [&](Fields &f) { readOptimizer(f, train.optimizer); });
  fields.nested("learning_rate",
                [&](Fields &f) { readSchedule(f, train.learningRate); });
  if (const json::Value *clip = fields.find("clip_norm");
      clip && clip->getAsNull())
    train.clipNorm = 0;
  else
    fields.number("clip_norm", train.clipNorm, 0, 1e30);
  if (const json::Value *dropout = fields.find("dropout");
      dropout && !dropout->getAsNull()) {
    train.dropout.emplace();
    fields.nested("dropout",
                  [&](Fields &f) { readDropout(f, *train.dropout); });
  }
  if (const json::Value *norm = fields.find("batch_norm");
      norm && !norm->getAsNull())
    fields.choice("batch_norm", train.batchNorm.emplace(), kBatchNorms);
  fields.integer("micro_batches", train.microBatches, 1, 1 << 20);
  fields.globs("frozen", train.frozen);
  fields.nested("data", [&](Fields &f) { readData(f, train.data); });
  int order = -1;
  fields.choice("order", order, kOrders);
  if (order >= 0)
    train.order = kOrders[order].str();
  int64_t seed = static_cast<int64_t>(train.seed);
  fields.integer("seed", seed, 0);
  train.seed = seed;
}

/// Puts FIELD=VALUE into the file; says what is wrong with it, or nothing.
static std::string assign(json::Object &file, StringRef assignment) {
  auto [path, text] = assignment.split('=');
  if (path.empty() || path.size() == assignment.size())
    return "is not FIELD=VALUE, as optimizer.weight_decay=0.01";
  if (path == "micro_batches" || path == "schema")
    return path == "schema" ? "is no field to change"
                            : "is said by micro-batches alone";
  auto [first, rest] = path.split('.');
  SmallVector<StringRef> names = {first};
  // Names of inputs may have dots, fields have none.
  if (first == "data" && rest.contains('.')) {
    auto [input, field] = rest.rsplit('.');
    names.append({input, field});
  } else if (!rest.empty()) {
    names.push_back(rest);
  }
  json::Object *object = &file;
  for (StringRef name : drop_end(names)) {
    json::Value &inner =
        object->try_emplace(name, json::Object()).first->second;
    object = inner.getAsObject();
    if (!object)
      return ("sets a field of \"" + name + "\", which is no object").str();
  }
  if (text.empty()) {
    object->erase(names.back());
    return "";
  }
  Expected<json::Value> value = json::parse(text);
  if (!value) {
    consumeError(value.takeError());
    value = json::Value(text);
  }
  (*object)[names.back()] = std::move(*value);
  return "";
}

Expected<TrainFile> vescale::parseTrainFile(StringRef text, StringRef file,
                                            ArrayRef<std::string> set) {
  std::string where = file.str();
  auto error = [&](const Twine &what) {
    return createStringError(errc::invalid_argument, where + ": " + what);
  };
  Expected<json::Object> object = parseJsonObject(text, kMaxBytes);
  if (!object)
    return error(toString(object.takeError()));
  for (const std::string &assignment : set)
    if (std::string wrong = assign(*object, assignment); !wrong.empty())
      return error("'" + assignment + "' " + wrong);
  if (!set.empty())
    where += " with " + join(set, " ");
  Fields fields(*object, "");
  std::string schema;
  fields.text("schema", schema);
  if (schema != kSchema)
    return error("needs \"schema\": \"" + kSchema + "\", but has " +
                 (schema.empty() ? Twine("none") : "\"" + schema + "\""));
  TrainFile train;
  readAll(fields, train);
  fields.refuseUnknown();
  if (!fields.error.empty())
    return error(fields.error);
  return train;
}

Expected<TrainFile> vescale::readTrainFile(StringRef file,
                                           ArrayRef<std::string> set) {
  auto buffer = MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!buffer)
    return createStringError(buffer.getError(),
                             file + ": " + buffer.getError().message());
  return parseTrainFile((*buffer)->getBuffer(), file, set);
}

static json::Value lossOf(const LossOptions &loss) {
  json::Object object{{"kind", kLosses[loss.kind]}};
  StringRef names[][2] = {
      {"logits", "labels"}, {"prediction", "target"}, {"output", ""}};
  if (!loss.output.empty())
    object[names[loss.kind][0]] = loss.output;
  if (loss.kind != LossOptions::Output)
    object[names[loss.kind][1]] = loss.labels;
  if (loss.kind == LossOptions::CrossEntropy) {
    object["ignore_index"] = loss.ignoreIndex;
    object["label_smoothing"] = loss.labelSmoothing;
  }
  return object;
}

static json::Value optimizerOf(const OptimizerOptions &optimizer) {
  json::Object object{{"kind", kOptimizers[optimizer.kind]},
                      {"weight_decay", optimizer.weightDecay},
                      {"no_decay", json::Array(optimizer.noDecay)}};
  if (optimizer.kind == OptimizerOptions::Sgd) {
    object["momentum"] = optimizer.momentum;
  } else {
    object["betas"] = json::Array{optimizer.beta1, optimizer.beta2};
    object["epsilon"] = optimizer.epsilon;
  }
  return object;
}

static json::Value scheduleOf(const ScheduleOptions &schedule) {
  json::Object object{{"kind", kSchedules[schedule.kind]},
                      {"peak", schedule.peak},
                      {"warmup_steps", schedule.warmupSteps}};
  if (schedule.kind != ScheduleOptions::Constant) {
    object["final"] = schedule.last;
    object["total_steps"] = schedule.totalSteps;
  }
  return object;
}

static json::Value dropoutOf(const std::optional<DropoutOptions> &dropout) {
  if (!dropout)
    return nullptr;
  json::Array exported;
  for (const DropoutOptions::Rate &rate : dropout->exported)
    exported.push_back(
        json::Object{{"match", rate.match}, {"rate", rate.rate}});
  json::Object object{{"exported", std::move(exported)}};
  for (auto [name, rate] : {std::pair("embedding", dropout->embedding),
                            {"attention", dropout->attention},
                            {"residual", dropout->residual}})
    if (rate)
      object[name] = *rate;
  return object;
}

static json::Value batchNormOf(std::optional<BatchNorm> norm) {
  if (!norm)
    return nullptr;
  return kBatchNorms[static_cast<size_t>(*norm)];
}

std::string vescale::printTrainFile(const TrainFile &train) {
  json::Object data;
  for (const auto &[name, options] : train.data) {
    json::Object entry;
    if (options.fill)
      entry["fill"] = *options.fill;
    else
      entry["from"] = options.from;
    if (options.shift)
      entry["shift"] = options.shift;
    data[name] = std::move(entry);
  }
  json::Object object{{"schema", kSchema},
                      {"loss", lossOf(train.loss)},
                      {"optimizer", optimizerOf(train.optimizer)},
                      {"learning_rate", scheduleOf(train.learningRate)},
                      {"compute", kPrecisions[train.compute]},
                      {"reduce", kPrecisions[train.reduce]},
                      {"clip_norm", train.clipNorm},
                      {"dropout", dropoutOf(train.dropout)},
                      {"batch_norm", batchNormOf(train.batchNorm)},
                      {"micro_batches", train.microBatches},
                      {"frozen", json::Array(train.frozen)},
                      {"data", std::move(data)},
                      {"order", train.order},
                      {"seed", static_cast<int64_t>(train.seed)}};
  return formatv("{0:2}\n", json::Value(std::move(object))).str();
}
