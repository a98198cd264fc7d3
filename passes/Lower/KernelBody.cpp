//===- KernelBody.cpp - Reading values inside a kernel ----------*- C++ -*-===//

#include "passes/Lower/KernelBody.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Lower/KernelCost.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

int64_t GroupTable::number(dist::MeshAttr mesh, dist::AxesAttr axes) {
  SmallVector<int64_t> sizes, strides;
  for (dist::AxisRefAttr axis : axes) {
    sizes.push_back(axis.getSize(mesh));
    strides.push_back(axis.getStride(mesh));
  }
  auto group = rank::GroupAttr::get(mesh.getContext(), sizes, strides);
  auto found = llvm::find(groups, group);
  if (found == groups.end()) {
    groups.push_back(group);
    return groups.size() - 1;
  }
  return found - groups.begin();
}

KernelBody::KernelBody(ModuleOp module, StringRef name, Location loc,
                       const FusionPlan &plan, GroupTable &groups)
    : ElementBuilder(OpBuilder::atBlockEnd(module.getBody()), loc), plan(plan),
      groups(groups) {
  reproducible = module->hasAttr(dist::kReproducibleAttr);
  func =
      func::FuncOp::create(builder, loc, name, builder.getFunctionType({}, {}));
  func.setPrivate();
  entry = func.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  Type index = builder.getIndexType();
  bound0Low = entry->addArgument(index, loc);
  bound0High = entry->addArgument(index, loc);
  bound1Low = entry->addArgument(index, loc);
  bound1High = entry->addArgument(index, loc);
  int64_t count = std::max<int64_t>(1, groups.get().size());
  environment =
      entry->addArgument(MemRefType::get({count}, builder.getI64Type()), loc);
  entryEnd = func::ReturnOp::create(builder, loc);
  builder.setInsertionPoint(entryEnd);
  scopes.emplace_back();
}

static MemRefType flatType(Value value) {
  RankedTensorType type = typeOf(value);
  return MemRefType::get({type.getNumElements()},
                         storageType(type.getElementType()));
}

Value KernelBody::argument(Value base, MemRefType type) {
  for (const Argument &argument : arguments)
    if (argument.base == base)
      return argument.argument;
  Value argument = entry->insertArgument(arguments.size(), type, loc);
  arguments.push_back({base, argument});
  return argument;
}

Value KernelBody::bufferOf(Value value) {
  return argument(value, flatType(value));
}

Value KernelBody::addOutput(MemRefType type) {
  Value output =
      entry->insertArgument(arguments.size() + outputs.size(), type, loc);
  outputs.push_back(output);
  return output;
}

Value KernelBody::fromStorage(Value element, Type type) {
  if (type.isInteger(1))
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                 element, integer(element.getType(), 0));
  Type compute = computeType(type);
  if (compute != type)
    return arith::ExtFOp::create(builder, loc, compute, element);
  return element;
}

Value KernelBody::load(const View &view, const Position &at) {
  if (Value element = kept.lookup(view.base))
    return element;
  Value buffer = bound.lookup(view.base);
  if (!buffer)
    buffer = argument(view.base, flatType(view.base));
  Value place;
  auto add = [&](Value term) {
    place =
        place ? Value(arith::AddIOp::create(builder, loc, place, term)) : term;
  };
  auto addScaled = [&](Value term, int64_t by) {
    add(by == 1 ? term
                : Value(arith::MulIOp::create(builder, loc, term, index(by))));
  };
  if (at.isFlat() && view.isDense()) {
    addScaled(at.row, at.columns);
    add(at.column);
  } else {
    for (auto [value, size, stride] :
         llvm::zip_equal(indices(at), view.shape, view.strides))
      if (size != 1 && stride != 0)
        addScaled(value, stride);
  }
  if (view.offset != 0 || !place)
    add(index(view.offset));
  Value element = memref::LoadOp::create(builder, loc, buffer, place);
  return fromStorage(element, typeOf(view.base).getElementType());
}

Value KernelBody::placeOf(const Position &at) {
  if (!at.isFlat())
    return linear(at.shape, at.index);
  Value start = arith::MulIOp::create(builder, loc, at.row, index(at.columns));
  return arith::AddIOp::create(builder, loc, start, at.column);
}

Value KernelBody::read(Value value, const Position &at) {
  SmallVector<Value> place = at.index;
  if (at.isFlat())
    place = {at.row, at.column};
  for (const SmallVector<Known> &scope : llvm::reverse(scopes))
    for (const Known &known : scope)
      if (known.value == value && known.place == place)
        return known.element;
  Value element;
  if (Value buffer = bound.lookup(value)) {
    element =
        fromStorage(memref::LoadOp::create(builder, loc, buffer, placeOf(at)),
                    typeOf(value).getElementType());
  } else if (Value buffer = cachedRows.lookup(value)) {
    element = memref::LoadOp::create(builder, loc, buffer, columnOf(at));
  } else if (std::optional<View> view = plan.getView(value)) {
    element = load(*view, at);
  } else {
    element = emitOp(value, at);
  }
  scopes.back().push_back({value, place, element});
  return element;
}

/// The place in the kernel's row of a position of any shape in the group.
Value KernelBody::columnOf(const Position &at) {
  if (!rows->isTrailing())
    return column(at, rows->dims);
  int64_t length = rows->length(), count = 1;
  if (at.isFlat() && at.columns == length)
    return at.column;
  SmallVector<int64_t> dims;
  for (int64_t dim = at.shape.size(); dim-- > 0 && count < length;) {
    dims.insert(dims.begin(), dim);
    count *= at.shape[dim];
  }
  return column(at, dims);
}

void KernelBody::addName(Operation *op) {
  names.insert(op->getName().stripDialect());
}

Value KernelBody::emitOp(Value value, const Position &at) {
  auto op = cast<LowerOpInterface>(value.getDefiningOp());
  addName(op);
  Value element = op.emitElement(*this, at);
  Type type = typeOf(value).getElementType();
  // Rounded as it would be in memory, whether it gets there or not.
  if (reproducible && element.getType() != type && isa<FloatType>(type))
    element =
        fromStorage(arith::TruncFOp::create(builder, loc, type, element), type);
  return element;
}

Value KernelBody::computeRoot(Value root, const Position &at) {
  return emitOp(root, at);
}

Value KernelBody::rowBuffer(const Row &row, Type elementType) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(entry);
  return memref::AllocaOp::create(
      builder, loc, MemRefType::get({row.length}, computeType(elementType)),
      builder.getI64IntegerAttr(64));
}

void KernelBody::cacheRow(Value value, const Row &row) {
  if (bound.contains(value) || cachedRows.contains(value) ||
      plan.getView(value) || !plan.isReadInPlace(value))
    return;
  Type type = typeOf(value).getElementType();
  Value buffer = rowBuffer(row, type);
  loop(index(0), index(row.length), [&](Value column) {
    Value element = read(value, row.at(*this, column));
    memref::StoreOp::create(builder, loc, element, buffer, column);
  });
  cachedRows[value] = buffer;
}

Value KernelBody::groupIndex(Operation *op, Attribute mesh, Attribute axes) {
  auto meshAxes = dist::lookupMesh(op, cast<FlatSymbolRefAttr>(mesh));
  int64_t number = groups.number(meshAxes, cast<dist::AxesAttr>(axes));
  return memref::LoadOp::create(builder, loc, environment, index(number));
}

Value KernelBody::toStorage(Value element, Type type) {
  if (type.isInteger(1))
    return arith::ExtUIOp::create(builder, loc, storageType(type), element);
  if (element.getType() != type)
    return arith::TruncFOp::create(builder, loc, type, element);
  return element;
}

void KernelBody::keep(Value root, Value element) {
  Type type = typeOf(root).getElementType();
  // What is stored in fewer bits has lost some when it is read.
  if (element.getType() != type)
    element = fromStorage(toStorage(element, type), type);
  kept[root] = element;
}

void KernelBody::write(Value element, const Position &at, Value output,
                       Type elementType) {
  memref::StoreOp::create(builder, loc, toStorage(element, elementType), output,
                          placeOf(at));
}

Kernel KernelBody::finish(ArrayRef<int64_t> extents) {
  func.setType(builder.getFunctionType(entry->getArgumentTypes(), {}));
  // A step's buffers live at the same time, so they lie apart.
  for (size_t i = 0, e = arguments.size() + outputs.size(); i < e; ++i)
    func.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                    builder.getUnitAttr());
  Kernel kernel;
  kernel.func = func;
  for (const Argument &argument : arguments)
    kernel.inputs.push_back(argument.base);
  kernel.extents.assign(extents.begin(), extents.end());
  kernel.flopsPerPoint = estimateFlopsPerPoint(func);
  kernel.origin = llvm::join(names, "+");
  return kernel;
}
