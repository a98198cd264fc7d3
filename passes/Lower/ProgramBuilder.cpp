//===- ProgramBuilder.cpp - Builds the program of one rank ------*- C++ -*-===//

#include "passes/Lower/ProgramBuilder.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

ProgramBuilder::ProgramBuilder(func::FuncOp func, const FusionPlan &plan,
                               SharedProgram &shared)
    : func(func), plan(plan), shared(shared),
      kernels(func->getParentOfType<ModuleOp>(), plan, shared.groups,
              shared.nextKernel),
      builder(OpBuilder::atBlockEnd(&shared.program.getBody().front())) {}

static MemRefType bufferType(RankedTensorType type) {
  return MemRefType::get(type.getShape(), storageType(type.getElementType()));
}

/// The operations of what a matrix unit does, of which rates are told.
static int64_t countFlops(func::FuncOp func) {
  int64_t flops = 0;
  for (Operation &op : func.front())
    if (isa<DotOp, ConvOp, AttentionOp, AttentionGradOp>(op) && !op.use_empty())
      flops += getCost(&op).flops;
  return flops;
}

LogicalResult ProgramBuilder::build() {
  rank::EntryOp::create(builder, func.getLoc(), func.getSymName(),
                        countFlops(func));
  if (failed(addInputs()))
    return failure();
  placeUpdates();
  bundles.emplace(func, plan, overwritten);
  for (Operation &op : func.front())
    if (failed(addOp(&op)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

Value ProgramBuilder::createBuffer(Location loc, RankedTensorType type,
                                   rank::Space space) {
  return rank::BufferOp::create(builder, loc, bufferType(type), space,
                                IntegerAttr());
}

Value ProgramBuilder::createScratch(Location loc, int64_t bytes) {
  if (bytes == 0)
    return {};
  return rank::BufferOp::create(builder, loc,
                                MemRefType::get({bytes}, builder.getI8Type()),
                                rank::Space::Arena, IntegerAttr());
}

rank::Space ProgramBuilder::spaceFor(Value value) {
  // Other ranks write their shards there.
  if (value.getDefiningOp<dist::AllGatherOp>())
    return rank::Space::Comm;
  for (Operation *user : value.getUsers()) {
    if (isa<dist::CollectiveOpInterface>(user))
      return rank::Space::Comm;
    // A collective may read it through reshapes.
    if (isa<ReshapeOp>(user) && !plan.isStored(user->getResult(0)) &&
        spaceFor(user->getResult(0)) == rank::Space::Comm)
      return rank::Space::Comm;
  }
  return rank::Space::Arena;
}

/// A type attribute for a value that may carry no layout after all.
static RankedTensorType withReplicatedLayout(RankedTensorType type,
                                             dist::LayoutAttr layout) {
  return layout ? dist::withLayout(type, layout) : type;
}

/// Whether a rank's shard is one dense block of a tensor in which the view has
/// these strides, the same length on each rank.
static bool isDenseShard(ParameterOp op, dist::MeshAttr mesh,
                         ArrayRef<int64_t> strides) {
  RankedTensorType global = op.getGlobalType();
  dist::LayoutAttr layout = dist::getLayout(global);
  int64_t dense = 1;
  ArrayRef<int64_t> local = shapeOf(op.getResult());
  for (int64_t dim = global.getRank(); dim-- > 0;) {
    if (layout) {
      int64_t shards = layout.getDims()[dim].getNumShards(mesh);
      if (local[dim] * shards != global.getDimSize(dim))
        return false;
    }
    if (local[dim] != 1 && strides[dim] != dense)
      return false;
    dense *= local[dim];
  }
  return true;
}

/// Whether a rank can use its shard where it lies in the model's file, and in
/// any checkpoint that the program may be given instead.
static bool canStayInFile(ParameterOp op, dist::MeshAttr mesh) {
  StridedView view{op.getOffset(), op.getStrides()};
  if (!op.getSource() || !isDenseShard(op, mesh, view.strides))
    return false;
  if (!op.getAuthor())
    return true;
  std::optional<StridedView> author = authorView(
      *op.getAuthor(), op.getStoredType(), op.getGlobalType().getShape(), view);
  return author && isDenseShard(op, mesh, author->strides);
}

Value ProgramBuilder::createParameter(ParameterOp op, MemRefType type,
                                      DenseI64ArrayAttr packed) {
  auto offset = builder.getI64IntegerAttr(op.getOffset());
  auto strides = builder.getDenseI64ArrayAttr(op.getStrides());
  auto global = TypeAttr::get(op.getGlobalType());
  Attribute key = builder.getArrayAttr(
      {op.getNameAttr(), offset, strides, global, TypeAttr::get(type),
       packed ? Attribute(packed) : builder.getUnitAttr()});
  Value &buffer = shared.parameters[key];
  if (buffer)
    return buffer;
  bool updated = shared.updated.contains(op);
  bool mapped =
      !packed && !updated && canStayInFile(op, shared.program.getMesh());
  return buffer = rank::ParameterOp::create(
             builder, op.getLoc(), type, op.getNameAttr(), op.getSourceAttr(),
             offset, strides, op.getAuthorAttr(), op.getInitAttr(),
             updated ? builder.getUnitAttr() : UnitAttr(),
             op->hasAttr(kTransientAttr) ? builder.getUnitAttr() : UnitAttr(),
             global, packed, mapped ? builder.getUnitAttr() : UnitAttr(),
             IntegerAttr());
}

Value ProgramBuilder::bufferOf(Value value) {
  Value &buffer = buffers[value];
  if (buffer)
    return buffer;
  Operation *op = value.getDefiningOp();
  if (auto parameter = dyn_cast_or_null<ParameterOp>(op))
    return buffer = createParameter(parameter, bufferType(typeOf(value)), {});
  if (auto constant = dyn_cast_or_null<ConstantOp>(op);
      constant && !constant.getValue().isSplat())
    return buffer = rank::ConstantOp::create(builder, constant.getLoc(),
                                             bufferType(typeOf(value)),
                                             constant.getValue());
  return buffer = createBuffer(value.getLoc(), typeOf(value), spaceFor(value));
}

//===----------------------------------------------------------------------===//
// Inputs and outputs
//===----------------------------------------------------------------------===//

/// The name, global type and layout that partition left on main's arguments and
/// results; on one device there is only the name.
static void addPort(OpBuilder &builder, Location loc, rank::PortKind kind,
                    StringRef fallback, DictionaryAttr attributes,
                    RankedTensorType type, Value buffer) {
  auto get = [&](StringRef name) {
    return attributes ? attributes.get(name) : Attribute();
  };
  auto name = dyn_cast_or_null<StringAttr>(get(kNameAttr));
  auto layout = dyn_cast_or_null<dist::LayoutAttr>(get(kLayoutAttr));
  auto global = dyn_cast_or_null<TypeAttr>(get(kGlobalTypeAttr));
  RankedTensorType port =
      global ? cast<RankedTensorType>(global.getValue()) : type;
  rank::PortOp::create(builder, loc, kind, name ? name.getValue() : fallback,
                       withReplicatedLayout(port, layout), buffer);
}

LogicalResult ProgramBuilder::addInputs() {
  for (BlockArgument argument : func.getArguments()) {
    unsigned number = argument.getArgNumber();
    auto given = func.getArgAttrOfType<StringAttr>(number, kNameAttr);
    std::string name = given ? given.str() : ("in" + Twine(number)).str();
    Value &known = shared.inputs[name];
    if (known && known.getType() != bufferType(typeOf(argument)))
      return func.emitOpError("takes the input \"")
             << name << "\" of another type than the functions before it";
    if (known) {
      buffers[argument] = known;
      continue;
    }
    known = bufferOf(argument);
    addPort(builder, func.getLoc(), rank::PortKind::Input, name,
            func.getArgAttrDict(number), typeOf(argument), known);
  }
  return success();
}

/// New values go where the parameters are, as copyUpdates has seen to.
void ProgramBuilder::placeUpdates() {
  for (auto update : func.front().getOps<UpdateOp>()) {
    buffers[update.getValue()] = bufferOf(update.getParameter());
    overwritten[update.getValue()] = update.getParameter();
  }
}

LogicalResult ProgramBuilder::addOutputs(func::ReturnOp op) {
  for (auto [index, value] : llvm::enumerate(op.getOperands())) {
    std::string fallback = ("out" + Twine(index)).str();
    addPort(builder, op.getLoc(), rank::PortKind::Output, fallback,
            func.getResultAttrDict(index), typeOf(value), bufferOf(value));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

void ProgramBuilder::addKernel(const Kernel &kernel, ValueRange outputs,
                               Location loc) {
  SmallVector<Value> inputs;
  for (Value input : kernel.inputs)
    inputs.push_back(bufferOf(input));
  rank::KernelOp::create(builder, loc, func::FuncOp(kernel.func).getSymName(),
                         inputs, outputs, kernel.extents, kernel.flopsPerPoint,
                         kernel.origin);
  ++numKernels;
}

LogicalResult ProgramBuilder::addBundle(const Bundle &bundle) {
  const Group &last = *plan.getGroup(bundle.roots.back());
  if (last.anchor)
    return addCall(last.anchor, &last);
  SmallVector<KernelRoot> roots;
  SmallVector<Value> outputs;
  for (Value root : bundle.roots) {
    bool isWritten = !bundle.unwritten.contains(root);
    roots.push_back({plan.getGroup(root), overwritten.lookup(root), isWritten});
    if (isWritten)
      outputs.push_back(bufferOf(root));
  }
  addKernel(kernels.emit(roots), outputs, last.root.getLoc());
  return success();
}

/// The indices of a lookup or its gradient, and how many there may be.
static std::pair<Value, int64_t> lookupOf(Operation *op) {
  if (auto take = dyn_cast<TakeOp>(op))
    return {take.getIndices(), shapeOf(take.getData())[take.getAxis()]};
  if (auto take = dyn_cast<TakeAlongOp>(op))
    return {take.getIndices(), shapeOf(take.getData())[take.getAxis()]};
  if (auto scatter = dyn_cast<ScatterAddOp>(op))
    return {scatter.getIndices(),
            shapeOf(scatter.getResult())[scatter.getDim()]};
  return {};
}

LogicalResult ProgramBuilder::addIndexCheck(Operation *op) {
  auto [indices, size] = lookupOf(op);
  if (!indices || !checkedIndices.insert({indices, size}).second)
    return success();
  if (auto constant = indices.getDefiningOp<ConstantOp>()) {
    for (const APInt &index : constant.getValue().getValues<APInt>())
      if (index.sge(size) || index.slt(-size))
        return op->emitOpError("reads index ")
               << index.getSExtValue() << " of " << size;
    return success();
  }
  addKernel(kernels.emitIndexCheck(indices, size), {}, op->getLoc());
  return success();
}

LogicalResult ProgramBuilder::addOp(Operation *op) {
  if (auto result = dyn_cast<func::ReturnOp>(op))
    return addOutputs(result);
  if (isa<dist::CollectiveOpInterface>(op))
    return addCollective(op);
  if (isa<UpdateOp>(op))
    return success(); // its value is in place
  if (!isa<LowerOpInterface>(op) && !hasLibraryCall(op))
    return op->emitOpError("has no lowering; give it LowerOpInterface");
  if (op->use_empty())
    return success();
  if (failed(addIndexCheck(op)))
    return failure();
  if (hasLibraryCall(op))
    return plan.hasEpilogue(op) ? success() : addCall(op, nullptr);
  Value value = op->getResult(0);
  bool isComputed = buffers.contains(value) && !overwritten.contains(value);
  if (!plan.isStored(value) || isComputed)
    return success();
  const Bundle *bundle = bundles->endingWith(value);
  return bundle ? addBundle(*bundle) : success();
}

LogicalResult ProgramBuilder::addCollective(Operation *op) {
  auto collective = cast<dist::CollectiveOpInterface>(op);
  Value input = op->getOperand(0), result = op->getResult(0);
  auto mesh = dist::lookupMesh(op, collective.getMeshRef());
  int64_t group = shared.groups.number(mesh, collective.getGroupAxes());
  Value base = plan.getView(input)->base;
  Value from = bufferOf(base);
  // The input under its own shape.
  MemRefType type = bufferType(typeOf(input));
  if (from.getType() != type)
    from = rank::ReshapeOp::create(builder, op->getLoc(), type, from);
  auto kind = rank::CollectiveKind::Permute;
  auto reduction = dist::ReductionKind::Sum;
  DenseI64ArrayAttr split, concat, targets;
  Value to;
  if (auto reduce = dyn_cast<dist::AllReduceOp>(op)) {
    kind = rank::CollectiveKind::AllReduce;
    reduction = reduce.getKind();
    bool isLast = base.hasOneUse() && !isa<BlockArgument>(base) &&
                  plan.isStored(base) && input.hasOneUse();
    if (isLast && !buffers.contains(result))
      to = buffers[result] = from;
  } else if (auto gather = dyn_cast<dist::AllGatherOp>(op)) {
    kind = rank::CollectiveKind::AllGather;
    concat = builder.getDenseI64ArrayAttr(gather.getDim());
  } else if (auto scatter = dyn_cast<dist::ReduceScatterOp>(op)) {
    kind = rank::CollectiveKind::ReduceScatter;
    reduction = scatter.getKind();
    split = builder.getDenseI64ArrayAttr(scatter.getDim());
  } else if (auto exchange = dyn_cast<dist::AllToAllOp>(op)) {
    kind = rank::CollectiveKind::AllToAll;
    split = builder.getDenseI64ArrayAttr(exchange.getSplitDim());
    concat = builder.getDenseI64ArrayAttr(exchange.getConcatDim());
  } else if (auto permute = dyn_cast<dist::PermuteOp>(op)) {
    targets = permute.getTargetsAttr();
  } else {
    return op->emitOpError("is a collective that the runtime does not have");
  }
  if (!to)
    to = bufferOf(result);
  auto origin = op->getAttrOfType<StringAttr>("origin");
  auto started = rank::CollectiveOp::create(
      builder, op->getLoc(), builder.getType<rank::TokenType>(), kind, from, to,
      group, reduction, split, concat, targets,
      origin ? origin : builder.getStringAttr(op->getName().getStringRef()));
  rank::WaitOp::create(builder, op->getLoc(), started);
  return success();
}
