//===- Edits.cpp - Steps that make a program smaller ------------*- C++ -*-===//

#include "passes/Reduce/Edits.h"
#include "dialects/Graph/Graph.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

size_t graph::countOps(func::FuncOp func) {
  return func.front().getOperations().size() - 1;
}

/// Returns these values; the attributes of results that stay are `attributes`.
static void setResults(func::FuncOp func, ValueRange values,
                       ArrayRef<Attribute> attributes) {
  func.front().getTerminator()->setOperands(values);
  func.setFunctionType(FunctionType::get(
      func.getContext(), func.getArgumentTypes(), values.getTypes()));
  if (attributes.empty())
    func.removeResAttrsAttr();
  else
    func.setResAttrsAttr(ArrayAttr::get(func.getContext(), attributes));
}

bool graph::truncate(func::FuncOp func, size_t count) {
  if (count >= countOps(func))
    return false;
  Block &body = func.front();
  body.getTerminator()->setOperands({});
  SmallVector<Operation *> ops;
  for (Operation &op : body.without_terminator())
    ops.push_back(&op);
  for (Operation *op : llvm::reverse(ArrayRef(ops).drop_front(count)))
    op->erase();
  SmallVector<Value> values;
  for (Operation &op : body.without_terminator())
    if (op.use_empty() && !isa<ParameterOp, ConstantOp>(op))
      llvm::append_range(values, op.getResults());
  setResults(func, values, {});
  return true;
}

/// The name tells the type, so that parameters of one name are one tensor.
static std::string nameOf(RankedTensorType type) {
  std::string name;
  llvm::raw_string_ostream stream(name);
  for (int64_t size : type.getShape())
    stream << size << 'x';
  stream << type.getElementType();
  return name;
}

bool graph::cut(func::FuncOp func, size_t begin, size_t end) {
  bool changed = false;
  SmallVector<Operation *> ops;
  for (Operation &op : func.front().without_terminator())
    ops.push_back(&op);
  end = std::min(end, ops.size());
  for (Operation *op : ArrayRef(ops).slice(begin, end - begin)) {
    if (isa<ParameterOp>(op))
      continue;
    for (Value result : op->getResults()) {
      auto type = dyn_cast<RankedTensorType>(result.getType());
      if (!type || !type.hasStaticShape() || result.use_empty())
        continue;
      OpBuilder builder(op);
      result.replaceAllUsesWith(
          ParameterOp::create(builder, op->getLoc(), type, nameOf(type)));
      changed = true;
    }
  }
  return changed;
}

bool graph::dropResults(func::FuncOp func, size_t begin, size_t end) {
  Operation *terminator = func.front().getTerminator();
  SmallVector<Value> values;
  SmallVector<Attribute> attributes;
  for (auto [index, value] : llvm::enumerate(terminator->getOperands())) {
    if (index >= begin && index < end)
      continue;
    values.push_back(value);
    if (ArrayAttr all = func.getResAttrsAttr())
      attributes.push_back(all[index]);
  }
  if (values.size() == terminator->getNumOperands())
    return false;
  setResults(func, values, attributes);
  return true;
}

void graph::dropUnused(func::FuncOp func) {
  Block &body = func.front();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
  for (unsigned index = func.getNumArguments(); index-- > 0;)
    if (func.getArgument(index).use_empty())
      (void)func.eraseArgument(index);
}
