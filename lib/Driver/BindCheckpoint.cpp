//===- BindCheckpoint.cpp - Weights by name from a checkpoint ---*- C++ -*-===//
//
//   1. Refuse a module with tensors that may hold weights, but under no name.
//   2. Look all named parameters up, and those without a source, whose name is
//      all that is known of them. What is left is constant and stays.
//   3. Give each the checkpoint's tensor as its source. Where the model's file
//      had it transposed, the view becomes one on the author's.
//
//===----------------------------------------------------------------------===//
#include "lib/Driver/BindCheckpoint.h"
#include "dialects/Graph/Graph.h"
#include "dialects/Graph/UnnamedWeights.h"
#include "lib/Driver/Manifest.h"
#include "lib/Driver/WeightFiles.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

static void takeFrom(ParameterOp op, const WeightPlace &place,
                     ArrayRef<int64_t> shape, const StridedView &view) {
  MLIRContext *context = op.getContext();
  RankedTensorType stored = op.getStoredType();
  AuthorAttr author = op.getAuthorAttr();
  if (author && !author.getPermutation().empty()) {
    op.setViewOffset(view.offset);
    op.setViewStrides(view.strides);
  }
  op.setSourceAttr(
      SourceAttr::get(context, place.file, place.offset, place.bytes,
                      RankedTensorType::get(shape, stored.getElementType())));
  op.setAuthorAttr(
      AuthorAttr::get(context, ArrayRef<int64_t>(),
                      author ? author.getTied() : ArrayRef<StringAttr>()));
}

LogicalResult vescale::bindCheckpoint(ModuleOp module, StringRef path) {
  if (failed(checkAllNamed(module, "checkpoint '" + path + "'")))
    return failure();
  SmallVector<ParameterOp> parameters;
  SmallVector<StridedView> views;
  std::vector<WantedWeight> wanted;
  WalkResult walked = module.walk([&](ParameterOp op) {
    if (!op.getAuthor() && op.getSource())
      return WalkResult::advance();
    RankedTensorType stored = op.getStoredType();
    AuthorAttr author = op.getAuthor().value_or(AuthorAttr::get(
        op.getContext(), ArrayRef<int64_t>(), ArrayRef<StringAttr>()));
    std::optional<StridedView> view =
        authorView(author, stored, op.getGlobalType().getShape(),
                   {op.getOffset(), op.getStrides()});
    if (!view) {
      op.emitError("parameter '")
          << op.getName() << "' is no strided view of the checkpoint's tensor";
      return WalkResult::interrupt();
    }
    WantedWeight &weight = wanted.emplace_back();
    weight.name = op.getName().str();
    weight.dtype = dtypeName(stored.getElementType()).str();
    llvm::append_range(weight.shape, authorShape(author, stored));
    for (StringAttr name : author.getTied())
      weight.tied.push_back(name.str());
    parameters.push_back(op);
    views.push_back(std::move(*view));
    return WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  std::vector<WeightPlace> places;
  std::string remark, error;
  if (!findWeights(path.str(), wanted, places, remark, error))
    return emitError(module.getLoc()) << error;
  if (!remark.empty())
    emitRemark(UnknownLoc::get(module.getContext())) << remark;
  for (auto [op, place, weight, view] :
       llvm::zip_equal(parameters, places, wanted, views))
    takeFrom(op, place, weight.shape, view);
  return success();
}
