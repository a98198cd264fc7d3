//===- CheckData.cpp - train-check-data -------------------------*- C++ -*-===//

#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"
#include "vescale/Support/Diagnostics.h"
#include "llvm/ADT/StringSet.h"

namespace vescale::train {
#define GEN_PASS_DEF_TRAINCHECKDATA
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::train;

namespace {
struct CheckData : vescale::train::impl::TrainCheckDataBase<CheckData> {
  void runOnOperation() override {
    FailureOr<TrainFile> options = trainOptions(getOperation());
    if (failed(options) || failed(report(check(*options), &getContext())))
      signalPassFailure();
  }

private:
  llvm::Error check(const TrainFile &options);
  llvm::Error checkInput(StringRef name, RankedTensorType type,
                         const DataOptions &data);

  /// The input that has said how many samples a batch has.
  StringRef first;
  int64_t batch = 0;
};
} // namespace

static llvm::Error error(const Twine &what) {
  return llvm::createStringError(what);
}

llvm::Error CheckData::checkInput(StringRef name, RankedTensorType type,
                                  const DataOptions &data) {
  if (data.fill) {
    if (type.getElementType().isF16() || type.getElementType().isBF16())
      return error("the input '" + name +
                   "' is of 16-bit floats, which no number can fill");
    return llvm::Error::success();
  }
  if (type.getRank() == 0)
    return error("the input '" + name +
                 "' is a scalar; only a number can fill it: \"data\": {\"" +
                 name + "\": {\"fill\": 0}}");
  if (first.empty()) {
    first = name;
    batch = type.getDimSize(0);
  } else if (type.getDimSize(0) != batch) {
    return error("the input '" + name + "' has " + Twine(type.getDimSize(0)) +
                 " samples, but '" + first + "' has " + Twine(batch));
  }
  return llvm::Error::success();
}

llvm::Error CheckData::check(const TrainFile &options) {
  llvm::StringSet<> names;
  for (auto func : getOperation().getOps<func::FuncOp>())
    for (BlockArgument input : func.getArguments()) {
      auto name =
          func.getArgAttrOfType<StringAttr>(input.getArgNumber(), kNameAttr);
      if (!name)
        return error("input " + Twine(input.getArgNumber()) + " of '" +
                     func.getSymName() + "' has no name");
      names.insert(name);
      auto data = options.data.find(name.str());
      if (data == options.data.end())
        return error("nothing says where the input '" + name.getValue() +
                     "' comes from; name it under \"data\" in the train file");
      if (auto failed = checkInput(
              name, cast<RankedTensorType>(input.getType()), data->second))
        return failed;
    }
  for (const auto &entry : options.data)
    if (!names.contains(entry.first))
      return error("the train file says where '" + entry.first +
                   "' comes from, which is no input of the step");
  return llvm::Error::success();
}
