//===- TrainFileTest.cpp - Train files, read and printed ------------------===//

#include "vescale/Train/TrainFile.h"
#include "gtest/gtest.h"

using namespace vescale;

static TrainFile parse(llvm::StringRef fields) {
  std::string text = ("{\"schema\": \"vescale.train/1\"" + fields + "}").str();
  llvm::Expected<TrainFile> train = parseTrainFile(text, "t.json");
  if (!train) {
    ADD_FAILURE() << llvm::toString(train.takeError());
    return {};
  }
  return *train;
}

/// What parsing says of these fields; empty if nothing.
static std::string refusal(llvm::StringRef fields) {
  std::string text = ("{\"schema\": \"vescale.train/1\"" + fields + "}").str();
  llvm::Expected<TrainFile> train = parseTrainFile(text, "t.json");
  return train ? "" : llvm::toString(train.takeError());
}

static void expectEqual(const TrainFile &a, const TrainFile &b) {
  EXPECT_EQ(a.loss.kind, b.loss.kind);
  EXPECT_EQ(a.loss.output, b.loss.output);
  EXPECT_EQ(a.loss.labels, b.loss.labels);
  EXPECT_EQ(a.loss.ignoreIndex, b.loss.ignoreIndex);
  EXPECT_EQ(a.loss.labelSmoothing, b.loss.labelSmoothing);
  EXPECT_EQ(a.optimizer.kind, b.optimizer.kind);
  EXPECT_EQ(a.optimizer.beta1, b.optimizer.beta1);
  EXPECT_EQ(a.optimizer.beta2, b.optimizer.beta2);
  EXPECT_EQ(a.optimizer.epsilon, b.optimizer.epsilon);
  EXPECT_EQ(a.optimizer.weightDecay, b.optimizer.weightDecay);
  EXPECT_EQ(a.optimizer.momentum, b.optimizer.momentum);
  EXPECT_EQ(a.optimizer.noDecay, b.optimizer.noDecay);
  EXPECT_EQ(a.learningRate.kind, b.learningRate.kind);
  EXPECT_EQ(a.learningRate.peak, b.learningRate.peak);
  EXPECT_EQ(a.learningRate.last, b.learningRate.last);
  EXPECT_EQ(a.learningRate.warmupSteps, b.learningRate.warmupSteps);
  EXPECT_EQ(a.learningRate.totalSteps, b.learningRate.totalSteps);
  EXPECT_EQ(a.clipNorm, b.clipNorm);
  EXPECT_EQ(a.batchNorm, b.batchNorm);
  ASSERT_EQ(a.dropout.has_value(), b.dropout.has_value());
  if (a.dropout) {
    EXPECT_EQ(a.dropout->embedding, b.dropout->embedding);
    EXPECT_EQ(a.dropout->attention, b.dropout->attention);
    EXPECT_EQ(a.dropout->residual, b.dropout->residual);
    ASSERT_EQ(a.dropout->exported.size(), b.dropout->exported.size());
    for (size_t i = 0; i < a.dropout->exported.size(); ++i) {
      EXPECT_EQ(a.dropout->exported[i].match, b.dropout->exported[i].match);
      EXPECT_EQ(a.dropout->exported[i].rate, b.dropout->exported[i].rate);
    }
  }
  EXPECT_EQ(a.microBatches, b.microBatches);
  EXPECT_EQ(a.frozen, b.frozen);
  ASSERT_EQ(a.data.size(), b.data.size());
  for (const auto &[name, options] : a.data) {
    auto other = b.data.find(name);
    ASSERT_NE(other, b.data.end()) << name;
    EXPECT_EQ(options.from, other->second.from);
    EXPECT_EQ(options.shift, other->second.shift);
    EXPECT_EQ(options.fill, other->second.fill);
  }
  EXPECT_EQ(a.order, b.order);
  EXPECT_EQ(a.seed, b.seed);
}

TEST(TrainFile, NoFieldsAreTheDefaults) { expectEqual(parse(""), TrainFile()); }

TEST(TrainFile, Dropout) {
  EXPECT_FALSE(parse(R"(, "dropout": null)").dropout);
  EXPECT_TRUE(parse(R"(, "dropout": {})").dropout);
  TrainFile train = parse(R"(, "dropout": {"attention": 0.25, "exported": [
      {"match": "*", "rate": 0.5}, {"match": "h.0.*", "rate": 0}]})");
  ASSERT_TRUE(train.dropout);
  EXPECT_EQ(train.dropout->attention, 0.25);
  EXPECT_FALSE(train.dropout->residual);
  ASSERT_EQ(train.dropout->exported.size(), 2u);
  EXPECT_EQ(train.dropout->exported[1].match, "h.0.*");
  EXPECT_EQ(train.dropout->exported[0].rate, 0.5);
  llvm::Expected<TrainFile> again =
      parseTrainFile(printTrainFile(train), "printed");
  ASSERT_TRUE(bool(again));
  expectEqual(train, *again);
  EXPECT_EQ(refusal(R"(, "dropout": 0.1)"),
            "t.json: \"dropout\" needs an object");
  EXPECT_EQ(refusal(R"(, "dropout": {"attention": 1})"),
            "t.json: \"dropout.attention\" needs a number from 0 to 0.99999");
  EXPECT_EQ(refusal(R"(, "dropout": {"exported": [{"match": "*"}]})"),
            "t.json: \"dropout.exported[0].rate\" is needed");
  EXPECT_EQ(refusal(R"(, "dropout": {"exported": [{"rate": 0.1}]})"),
            "t.json: \"dropout.exported[0].match\" needs one pattern");
  EXPECT_EQ(refusal(R"(, "dropout": {"hidden": 0.1})"),
            "t.json: \"dropout.hidden\" is unknown; fields here are attention, "
            "embedding, exported, residual");
}

TEST(TrainFile, BatchNorm) {
  EXPECT_FALSE(parse(R"(, "batch_norm": null)").batchNorm);
  EXPECT_EQ(parse(R"(, "batch_norm": "batch")").batchNorm, BatchNorm::Batch);
  TrainFile train = parse(R"(, "batch_norm": "frozen")");
  EXPECT_EQ(train.batchNorm, BatchNorm::Frozen);
  llvm::Expected<TrainFile> again =
      parseTrainFile(printTrainFile(train), "printed");
  ASSERT_TRUE(bool(again));
  expectEqual(train, *again);
  EXPECT_EQ(refusal(R"(, "batch_norm": "train")"),
            "t.json: \"batch_norm\" can be batch, frozen, not \"train\"");
  EXPECT_EQ(refusal(R"(, "batch_norm": true)"),
            "t.json: \"batch_norm\" needs a text");
}

TEST(TrainFile, DefaultFileSpellsTheDefaultsOut) {
  llvm::Expected<TrainFile> train =
      parseTrainFile(defaultTrainFile(), "default");
  ASSERT_TRUE(bool(train)) << llvm::toString(train.takeError());
  // Beside them it says what to read.
  EXPECT_EQ(train->loss.output, "logits");
  EXPECT_EQ(train->data["input_ids"].from, "tokens");
  EXPECT_EQ(train->data["labels"].shift, 1);
  train->loss.output.clear();
  train->data.clear();
  expectEqual(*train, TrainFile());
}

TEST(TrainFile, RoundTrip) {
  const char *const files[] = {
      "",
      R"(, "loss": {"kind": "cross_entropy", "logits": "out", "labels": "y",
            "ignore_index": -1, "label_smoothing": 0.1})",
      R"(, "loss": {"kind": "mse", "prediction": "out", "target": "want"})",
      R"(, "loss": {"kind": "mse"})",
      R"(, "loss": {"kind": "output", "output": "loss"})",
      R"(, "loss": {"kind": "output"})",
      R"(, "optimizer": {"kind": "adamw", "betas": [0.8, 0.99],
            "epsilon": 1e-6, "weight_decay": 0.01, "no_decay": []})",
      R"(, "optimizer": {"kind": "sgd", "momentum": 0, "weight_decay": 0.3,
            "no_decay": ["1d", "*.ln_?.*"]})",
      R"(, "learning_rate": {"kind": "constant", "peak": 0.3,
            "warmup_steps": 0})",
      R"(, "learning_rate": {"kind": "linear", "peak": 0.1, "final": 0,
            "warmup_steps": 3, "total_steps": 4})",
      R"(, "learning_rate": {"kind": "cosine", "peak": 6e-4, "final": 6e-5,
            "warmup_steps": 2000, "total_steps": 600000})",
      R"(, "clip_norm": null, "micro_batches": 8, "frozen": "wte.*",
            "order": "sequential", "seed": 9007199254740992)",
      R"(, "clip_norm": 0.5, "frozen": ["a", "b*"], "order": "shuffled",
            "data": {"x": {"from": "tokens"}, "y": {"from": "t", "shift": 3},
                     "z": {"fill": -1.5}})"};
  for (const char *file : files) {
    TrainFile train = parse(file);
    std::string text = printTrainFile(train);
    llvm::Expected<TrainFile> again = parseTrainFile(text, "printed");
    ASSERT_TRUE(bool(again)) << llvm::toString(again.takeError()) << text;
    expectEqual(train, *again);
    EXPECT_EQ(text, printTrainFile(*again));
  }
}

TEST(TrainFile, ReadsWhatIsWritten) {
  TrainFile train = parse(R"(, "clip_norm": null, "frozen": "wte.*",
    "loss": {"kind": "mse", "target": "want"},
    "optimizer": {"kind": "sgd", "momentum": 0.5},
    "learning_rate": {"kind": "linear", "peak": 2, "total_steps": 50},
    "data": {"z": {"fill": 1}})");
  EXPECT_EQ(train.clipNorm, 0);
  EXPECT_EQ(train.frozen, std::vector<std::string>{"wte.*"});
  EXPECT_EQ(train.loss.kind, LossOptions::MeanSquaredError);
  EXPECT_EQ(train.loss.labels, "want");
  EXPECT_EQ(train.optimizer.kind, OptimizerOptions::Sgd);
  EXPECT_EQ(train.optimizer.momentum, 0.5);
  EXPECT_EQ(train.learningRate.kind, ScheduleOptions::Linear);
  EXPECT_EQ(train.learningRate.peak, 2);
  EXPECT_EQ(train.learningRate.totalSteps, 50);
  EXPECT_EQ(train.data["z"].fill, 1.0);
  EXPECT_EQ(parse(R"(, "loss": {"kind": "mse"})").loss.labels, "target");
}

TEST(TrainFile, CommentsAreKeys) {
  expectEqual(parse(R"(, "//": "a", "//clip_norm": [1], "loss": {"//": {}},
                       "optimizer": {"//betas": 1},
                       "learning_rate": {"//": ""}, "data": {"//": "b"})"),
              TrainFile());
}

TEST(TrainFile, UnknownFields) {
  EXPECT_EQ(refusal(R"(, "learnig_rate": {})"),
            "t.json: \"learnig_rate\" is unknown; fields here are batch_norm, "
            "clip_norm, compute, data, dropout, frozen, learning_rate, loss, "
            "micro_batches, optimizer, order, reduce, schema, seed");
  // Fields of another kind are unknown, too: they would have no effect.
  EXPECT_EQ(refusal(R"(, "optimizer": {"kind": "sgd", "betas": [0.9, 0.95]})"),
            "t.json: \"optimizer.betas\" is unknown; fields here are kind, "
            "momentum, no_decay, weight_decay");
  EXPECT_EQ(refusal(R"(, "optimizer": {"momentum": 0.9})"),
            "t.json: \"optimizer.momentum\" is unknown; fields here are betas, "
            "epsilon, kind, no_decay, weight_decay");
  EXPECT_EQ(refusal(R"(, "loss": {"kind": "mse", "label_smoothing": 0.1})"),
            "t.json: \"loss.label_smoothing\" is unknown; fields here are "
            "kind, prediction, target");
  EXPECT_EQ(
      refusal(R"(, "learning_rate": {"kind": "constant", "final": 0.1})"),
      "t.json: \"learning_rate.final\" is unknown; fields here are kind, peak, "
      "warmup_steps");
  EXPECT_EQ(refusal(R"(, "data": {"x": {"fill": 1, "from": "tokens"}})"),
            "t.json: \"data.x.from\" is unknown; fields here are fill");
}

TEST(TrainFile, BadValues) {
  const std::pair<const char *, const char *> cases[] = {
      {R"(, "loss": 1)", "\"loss\" needs an object"},
      {R"(, "loss": {"kind": "hinge"})",
       "\"loss.kind\" can be cross_entropy, mse, output, not \"hinge\""},
      {R"(, "loss": {"label_smoothing": 1.5})",
       "\"loss.label_smoothing\" needs a number from 0 to 1"},
      {R"(, "loss": {"ignore_index": 0.5})", "\"loss.ignore_index\" needs a "},
      {R"(, "loss": {"logits": ""})", "\"loss.logits\" needs a text"},
      {R"(, "optimizer": {"betas": [0.9]})", "\"optimizer.betas\" needs two "},
      {R"(, "optimizer": {"betas": [0.9, 1]})", "\"optimizer.betas\" needs "},
      {R"(, "optimizer": {"no_decay": [1]})",
       "\"optimizer.no_decay\" needs a list of patterns"},
      {R"(, "frozen": ["a[b"])", "\"frozen\" invalid glob pattern"},
      {R"(, "learning_rate": {"warmup_steps": 1000})",
       "\"learning_rate.total_steps\" is 1000, but the warm-up alone has 1000"},
      {R"(, "learning_rate": {"peak": -1})", "\"learning_rate.peak\" needs a "},
      {R"(, "clip_norm": -1)", "\"clip_norm\" needs a number from 0"},
      {R"(, "clip_norm": "no")", "\"clip_norm\" needs a number from 0"},
      {R"(, "micro_batches": 0)", "\"micro_batches\" needs a whole number"},
      {R"(, "data": {"x": {}})", "\"data.x.from\" or \"fill\" is needed"},
      {R"(, "data": {"x": {"from": "t", "shift": -1}})",
       "\"data.x.shift\" needs a whole number from 0"},
      {R"(, "order": "random")",
       "\"order\" can be sequential, shuffled, not \"random\""},
      {R"(, "seed": -1)", "\"seed\" needs a whole number from 0"}};
  for (const auto &[fields, text] : cases)
    EXPECT_EQ(refusal(fields).find(std::string("t.json: ") + text), 0u)
        << fields << " was answered by: " << refusal(fields);
}

TEST(TrainFile, SetFields) {
  auto set = [](std::vector<std::string> assignments) {
    return parseTrainFile(R"({"schema": "vescale.train/1", "clip_norm": 2,
        "optimizer": {"epsilon": 1e-6, "weight_decay": 0.5},
        "data": {"a.b": {"from": "t"}}})",
                          "t.json", assignments);
  };
  llvm::Expected<TrainFile> train = set(
      {"clip_norm=null", "optimizer.epsilon=1e-5", "optimizer.betas=[0,0.5]",
       "learning_rate.kind=constant", "data.a.b.shift=3", "data.c.fill=1",
       "optimizer.weight_decay=", "frozen=[\"x*\"]"});
  ASSERT_TRUE(bool(train)) << llvm::toString(train.takeError());
  EXPECT_EQ(train->clipNorm, 0);
  EXPECT_EQ(train->optimizer.epsilon, 1e-5);
  EXPECT_EQ(train->optimizer.beta2, 0.5);
  EXPECT_EQ(train->optimizer.weightDecay, OptimizerOptions().weightDecay);
  EXPECT_EQ(train->learningRate.kind, ScheduleOptions::Constant);
  EXPECT_EQ(train->data["a.b"].shift, 3);
  EXPECT_EQ(train->data["c"].fill, 1.0);
  EXPECT_EQ(train->frozen, std::vector<std::string>{"x*"});
  auto refusal = [&](const char *assignment) {
    llvm::Expected<TrainFile> train = set({assignment});
    return train ? "" : llvm::toString(train.takeError());
  };
  EXPECT_EQ(refusal("clip_norm"), "t.json: 'clip_norm' is not FIELD=VALUE, as "
                                  "optimizer.weight_decay=0.01");
  EXPECT_EQ(refusal("seed.x=1"), "t.json with seed.x=1: \"seed\" needs a whole "
                                 "number from 0 to 9007199254740992");
  EXPECT_EQ(
      refusal("clip_norm.x=1"),
      "t.json: 'clip_norm.x=1' sets a field of \"clip_norm\", which is no "
      "object");
  EXPECT_EQ(refusal("optimizer.lr=1"),
            "t.json with optimizer.lr=1: \"optimizer.lr\" is unknown; fields "
            "here are betas, epsilon, kind, no_decay, weight_decay");
  EXPECT_EQ(
      refusal("optimizer.epsilon=small"),
      "t.json with optimizer.epsilon=small: \"optimizer.epsilon\" needs a "
      "number from 0 to 1");
  EXPECT_EQ(refusal("micro_batches=2"),
            "t.json: 'micro_batches=2' is said by micro-batches alone");
}

TEST(TrainFile, OtherFiles) {
  auto refuse = [](llvm::StringRef text) {
    llvm::Expected<TrainFile> train = parseTrainFile(text, "t.json");
    return train ? "" : llvm::toString(train.takeError());
  };
  EXPECT_EQ(refuse("{}"), "t.json: needs \"schema\": \"vescale.train/1\", but "
                          "has none");
  EXPECT_EQ(refuse(R"({"schema": "vescale.train/2"})"),
            "t.json: needs \"schema\": \"vescale.train/1\", but has "
            "\"vescale.train/2\"");
  EXPECT_EQ(refuse("[]"), "t.json: is not a JSON object");
  EXPECT_EQ(refuse("{").find("t.json: is not JSON: "), 0u);
  EXPECT_EQ(refuse(std::string((1 << 20) + 1, ' ')),
            "t.json: is larger than 1024 KiB");
  EXPECT_EQ(refuse(std::string(1 << 20, '[')),
            "t.json: nests more than 64 lists and objects in each other");
  EXPECT_EQ(llvm::toString(readTrainFile("/nowhere/t.json").takeError()),
            "/nowhere/t.json: No such file or directory");
}
