//===- ProgramTables.cpp - The steps of a program as constants --*- C++ -*-===//

#include "lib/Codegen/Cpu/ProgramTables.h"
#include "lib/Codegen/Cpu/AbiTypes.h"
#include "lib/Codegen/Cpu/KernelEntries.h"
#include "vescale/Codegen/ConstantData.h"
#include "vescale/Support/ElementType.h"
#include "vescale/Support/Location.h"
#include "llvm/IR/Constants.h"

using namespace vescale;
using llvm::ArrayRef;
using llvm::Constant;
using llvm::ConstantStruct;
using llvm::SmallVector;
using llvm::StringRef;
using mlir::cast;
using mlir::dyn_cast;
using mlir::isa;
using mlir::Operation;
using mlir::Value;

namespace {

class TableBuilder {
public:
  TableBuilder(llvm::Module &module, rank::ProgramOp program,
               const AbiTypes &types)
      : module(module), program(program), types(types),
        constants(module, types), data(layOutConstants(program)) {
    int64_t next = 0;
    for (auto parameter : program.getOps<rank::ParameterOp>())
      parameterNumbers[parameter] = next++;
  }

  llvm::Error build(StringRef hash);

private:
  using Row = ArrayRef<Constant *>;

  Constant *make(llvm::StructType *type, Row fields) {
    return ConstantStruct::get(type, fields);
  }
  Constant *i32(int64_t value) { return constants.i32(value); }
  Constant *i64(int64_t value) { return constants.i64(value); }

  /// Where a buffer lies; `elements` are added to its start.
  Constant *ref(Value buffer, int64_t elements = 0);
  Constant *kernel(mlir::FlatSymbolRefAttr symbol, SmallVector<Value> buffers,
                   ArrayRef<int64_t> extents, int64_t flops);
  int32_t typeOf(Value buffer) {
    return abiType(cast<mlir::MemRefType>(buffer.getType()).getElementType());
  }
  int64_t bytesOf(Value buffer) {
    return buffer ? rank::bufferBytes(buffer) : 0;
  }

  /// The step's kind and a pointer to its payload.
  std::pair<int32_t, Constant *> payload(Operation *op);
  Constant *kernelStep(rank::KernelOp op);
  Constant *gemm(rank::GemmOp op);
  Constant *attention(rank::AttentionOp op);
  Constant *attentionGrad(rank::AttentionGradOp op);
  Constant *scatterAdd(rank::ScatterAddOp op);
  template <typename Op>
  void appendScores(Op op, SmallVector<Constant *> &fields, bool hasLse);
  template <typename Op> Constant *maskRef(Op op);
  Constant *conv(rank::ConvOp op);
  Constant *exchange(rank::CollectiveOp op);
  Constant *collective(rank::CollectiveOp op, size_t part);
  Constant *groups();

  llvm::Module &module;
  rank::ProgramOp program;
  const AbiTypes &types;
  AbiConstants constants;
  ConstantData data;
  llvm::DenseMap<Operation *, int64_t> parameterNumbers;
  llvm::DenseMap<Operation *, Constant *> exchanges; // of collectives
};

} // namespace

Constant *TableBuilder::ref(Value buffer, int64_t elements) {
  if (!buffer)
    return make(types.ref, {i32(VS_ARENA), i32(0), i64(0)});
  Value base = rank::baseOf(buffer);
  Operation *op = base.getDefiningOp();
  int64_t width =
      cast<mlir::MemRefType>(base.getType()).getElementTypeBitWidth();
  int64_t start = elements * llvm::divideCeil(width, 8);
  auto at = [&](int32_t space, int64_t offset) {
    return make(types.ref, {i32(space), i32(0), i64(offset)});
  };
  if (auto placed = dyn_cast<rank::BufferOp>(op))
    return at(placed.getSpace() == rank::Space::Comm ? VS_COMM : VS_ARENA,
              *placed.getOffset() + start);
  if (isa<rank::ConstantOp>(op))
    return at(VS_CONST, data.offsets.lookup(op) + start);
  auto parameter = cast<rank::ParameterOp>(op);
  if (parameter.getMapped())
    return at(VS_PARAM, parameterNumbers.lookup(op));
  return at(VS_ARENA, *parameter.getOffset() + start);
}

Constant *TableBuilder::kernel(mlir::FlatSymbolRefAttr symbol,
                               SmallVector<Value> buffers,
                               ArrayRef<int64_t> extents, int64_t flops) {
  if (!symbol)
    return llvm::Constant::getNullValue(types.kernel);
  SmallVector<Constant *> refs;
  for (Value buffer : buffers)
    refs.push_back(ref(buffer));
  SmallVector<int64_t> sizes(extents);
  sizes.resize(2, 1);
  return make(types.kernel,
              {module.getFunction(kernelEntryName(symbol.getValue())),
               constants.array(types.ref, refs, "buffers"), i32(refs.size()),
               i32(extents.size()), constants.list(sizes, 2), i64(flops)});
}

static SmallVector<Value> concat(mlir::ValueRange a, mlir::ValueRange b) {
  SmallVector<Value> result(a);
  llvm::append_range(result, b);
  return result;
}

Constant *TableBuilder::kernelStep(rank::KernelOp op) {
  return kernel(op.getKernelAttr(), concat(op.getInputs(), op.getOutputs()),
                op.getExtents(), op.getFlops());
}

Constant *TableBuilder::gemm(rank::GemmOp op) {
  ArrayRef<int64_t> s = op.getSizes(), a = op.getALayout(), b = op.getBLayout(),
                    c = op.getCLayout();
  auto batch = [&](ArrayRef<int64_t> layout) {
    return constants.list(layout.slice(1, 2), 2);
  };
  return make(types.gemm,
              {ref(op.getA(), a[0]),
               ref(op.getB(), op.getBPacked() ? 0 : b[0]),
               ref(op.getC(), c[0]),
               i64(s[2]),
               i64(s[3]),
               i64(s[4]),
               constants.list(s.take_front(2), 2),
               batch(a),
               batch(b),
               batch(c),
               i64(a[3]),
               i64(b[3]),
               i64(c[3]),
               i32(a[4]),
               i32(b[4]),
               i32(op.getBPacked()),
               i32(typeOf(op.getA())),
               i32(typeOf(op.getC())),
               i32(op.getLeaves()),
               ref(op.getScratch()),
               i64(bytesOf(op.getScratch())),
               kernel(op.getEpilogueAttr(),
                      concat(op.getEpilogueInputs(), op.getEpilogueOutputs()),
                      {s[0] * s[1] * s[2], s[3]}, 1)});
}

/// The part of attention's and its gradient's calls from the mask's strides on.
template <typename Op>
void TableBuilder::appendScores(Op op, SmallVector<Constant *> &fields,
                                bool hasLse) {
  auto number = [&](const llvm::APFloat &value) {
    return llvm::ConstantFP::get(types.f32, value.convertToDouble());
  };
  int32_t kind = VS_MASK_NONE;
  if (op.getMask())
    kind = typeOf(op.getMask()) == VS_F32 ? VS_MASK_ADD : VS_MASK_BOOL;
  ArrayRef<int64_t> s = op.getSizes(), mask;
  if (op.getMask())
    mask = op.getMaskLayout()->drop_front();
  fields.append({constants.list(mask, 4), number(op.getScale()),
                 number(op.getSoftcap()), i64(s[4] - s[3]), i64(op.getWindow()),
                 i32(op.getCausal()), i32(kind), i32(VS_F32), i32(hasLse),
                 ref(op.getScratch()), i64(bytesOf(op.getScratch()))});
  graph::DropAttr drop = op.getDropAttr();
  auto word = [&](uint32_t value) { return i32(static_cast<int32_t>(value)); };
  fields.push_back(make(
      types.drop,
      {ref(op.getCounters()), ref(op.getStep()), i64(drop ? drop.getSeed() : 0),
       word(drop ? drop.getSite() : 0), word(drop ? drop.getThreshold() : 0),
       llvm::ConstantFP::get(types.f32, drop ? drop.getScale() : 0), i32(0)}));
}

template <typename Op> Constant *TableBuilder::maskRef(Op op) {
  return ref(op.getMask(), op.getMask() ? op.getMaskLayout()->front() : 0);
}

Constant *TableBuilder::attention(rank::AttentionOp op) {
  const std::pair<Value, ArrayRef<int64_t>> inputs[] = {
      {op.getQuery(), op.getQueryLayout()},
      {op.getKey(), op.getKeyLayout()},
      {op.getValue(), op.getValueLayout()}};
  SmallVector<Constant *> fields;
  for (auto [buffer, layout] : inputs)
    fields.push_back(ref(buffer, layout.front()));
  fields.append({maskRef(op), ref(op.getResult(), op.getResultLayout().front()),
                 ref(op.getLse())});
  for (int64_t size : op.getSizes())
    fields.push_back(i64(size));
  for (auto [buffer, layout] : inputs)
    fields.push_back(constants.list(layout.drop_front(), 3));
  fields.push_back(constants.list(op.getResultLayout().drop_front(), 3));
  appendScores(op, fields, static_cast<bool>(op.getLse()));
  return make(types.attention, fields);
}

Constant *TableBuilder::attentionGrad(rank::AttentionGradOp op) {
  auto strided = [&](Value buffer, unsigned layout) {
    return ref(buffer, op.getLayout(layout).front());
  };
  SmallVector<Constant *> fields = {strided(op.getQuery(), 0),
                                    strided(op.getKey(), 1),
                                    strided(op.getValue(), 2),
                                    maskRef(op),
                                    strided(op.getResultGrad(), 3),
                                    ref(op.getLse()),
                                    ref(op.getDelta()),
                                    strided(op.getQueryGrad(), 4),
                                    strided(op.getKeyGrad(), 5),
                                    strided(op.getValueGrad(), 6)};
  for (int64_t size : op.getSizes())
    fields.push_back(i64(size));
  for (unsigned layout = 0; layout < 7; ++layout)
    fields.push_back(constants.list(op.getLayout(layout).drop_front(), 3));
  appendScores(op, fields, /*hasLse=*/false);
  return make(types.attentionGrad, fields);
}

Constant *TableBuilder::scatterAdd(rank::ScatterAddOp op) {
  SmallVector<Constant *> fields = {ref(op.getIndices()), ref(op.getUpdates()),
                                    ref(op.getResult())};
  for (int64_t size : op.getSizes())
    fields.push_back(i64(size));
  fields.append({i32(typeOf(op.getIndices())), i32(typeOf(op.getUpdates())),
                 i64(op.getLeaves()), ref(op.getScratch()),
                 i64(bytesOf(op.getScratch()))});
  return make(types.scatterAdd, fields);
}

Constant *TableBuilder::conv(rank::ConvOp op) {
  auto shape = [](Value buffer) {
    return cast<mlir::MemRefType>(buffer.getType()).getShape();
  };
  ArrayRef<int64_t> in = shape(op.getInput()), weight = shape(op.getWeight()),
                    out = shape(op.getResult());
  int64_t positions = 1;
  for (int64_t size : out.drop_front(2))
    positions *= size;
  auto three = [&](ArrayRef<int64_t> values) {
    return constants.list(values, 3);
  };
  return make(types.conv,
              {ref(op.getInput()), ref(op.getWeight()), ref(op.getResult()),
               i32(in.size() - 2), i32(typeOf(op.getInput())), i64(in[0]),
               i64(in[1]), i64(weight[0]), i64(op.getGroups()),
               three(in.drop_front(2)), three(weight.drop_front(2)),
               three(out.drop_front(2)), three(op.getStrides()),
               three(op.getDilations()), three(op.getPadLow()),
               three(op.getPadHigh()), ref(op.getScratch()),
               i64(bytesOf(op.getScratch())),
               kernel(op.getEpilogueAttr(),
                      concat(op.getEpilogueInputs(), op.getEpilogueOutputs()),
                      {out[0] * out[1], positions}, 1)});
}

static int64_t product(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result *= size;
  return result;
}

Constant *TableBuilder::collective(rank::CollectiveOp op, size_t part) {
  Value source = op.getInputs()[part], result = op.getOutputs()[part];
  auto input = cast<mlir::MemRefType>(source.getType());
  ArrayRef<int64_t> in = input.getShape();
  ArrayRef<int64_t> out = cast<mlir::MemRefType>(result.getType()).getShape();
  int64_t split = op.getSplitDim(part), concat = op.getConcatDim(part);
  int64_t outer = 0, chunk = 0, inRow = 0, mid = 0, outRow = 0, inner = 0;
  bool swap = false;
  Constant *peers = constants.null();
  switch (op.getKind()) {
  case rank::CollectiveKind::AllReduce:
    break;
  case rank::CollectiveKind::Permute: {
    ArrayRef<int64_t> list = *op.getTargets();
    SmallVector<Constant *> targets;
    for (int64_t target : list)
      targets.push_back(i32(target));
    peers = constants.array(types.i32, targets, "peers");
    break;
  }
  case rank::CollectiveKind::AllGather:
    outer = product(in.take_front(concat));
    chunk = product(in.drop_front(concat));
    outRow = product(out.drop_front(concat));
    break;
  case rank::CollectiveKind::ReduceScatter:
    outer = product(in.take_front(split));
    inRow = product(in.drop_front(split));
    chunk = product(out.drop_front(split));
    break;
  case rank::CollectiveKind::AllToAll: {
    int64_t first = std::min(split, concat), second = std::max(split, concat);
    swap = concat < split;
    outer = product(in.take_front(first));
    mid = product(in.slice(first + 1, second - first - 1));
    inner = product(in.drop_front(second + 1));
    inRow = in[split];
    chunk = in[concat];
    outRow = out[concat];
    break;
  }
  }
  return make(types.collective,
              {i32(static_cast<int64_t>(op.getKind())),
               i32(static_cast<int64_t>(op.getReduction())),
               i32(typeOf(source)), i32(op.getGroup()), i32(swap), i32(0),
               ref(source), ref(result), i64(input.getNumElements()),
               i64(outer), i64(chunk), i64(inRow), i64(mid), i64(outRow),
               i64(inner), peers});
}

/// The payload of a collective's start and of its wait.
Constant *TableBuilder::exchange(rank::CollectiveOp op) {
  Constant *&found = exchanges[op];
  if (found)
    return found;
  SmallVector<Constant *> parts;
  for (size_t part = 0; part < op.getInputs().size(); ++part)
    parts.push_back(collective(op, part));
  return found = constants.global(
             make(types.exchange,
                  {constants.array(types.collective, parts, "parts"),
                   i64(parts.size())}),
             "exchange");
}

std::pair<int32_t, Constant *> TableBuilder::payload(Operation *op) {
  if (auto start = dyn_cast<rank::CollectiveOp>(op))
    return {VS_STEP_START, exchange(start)};
  if (auto wait = dyn_cast<rank::WaitOp>(op))
    return {VS_STEP_WAIT, exchange(wait.getCollective())};
  auto at = [&](int32_t kind, Constant *content) {
    return std::pair(kind, constants.global(content, "step"));
  };
  if (auto step = dyn_cast<rank::KernelOp>(op))
    return at(VS_STEP_KERNEL, kernelStep(step));
  if (auto step = dyn_cast<rank::GemmOp>(op))
    return at(VS_STEP_GEMM, gemm(step));
  if (auto step = dyn_cast<rank::AttentionOp>(op))
    return at(VS_STEP_ATTENTION, attention(step));
  if (auto step = dyn_cast<rank::AttentionGradOp>(op))
    return at(VS_STEP_ATTENTION_GRAD, attentionGrad(step));
  if (auto step = dyn_cast<rank::ScatterAddOp>(op))
    return at(VS_STEP_SCATTER_ADD, scatterAdd(step));
  return at(VS_STEP_CONV, conv(cast<rank::ConvOp>(op)));
}

Constant *TableBuilder::groups() {
  SmallVector<Constant *> rows;
  for (auto group : program.getGroups().getAsRange<rank::GroupAttr>())
    rows.push_back(make(types.group, {i32(group.getSizes().size()), i32(0),
                                      constants.list(group.getSizes(), 8),
                                      constants.list(group.getStrides(), 8)}));
  return constants.array(types.group, rows, "groups");
}

llvm::Error TableBuilder::build(StringRef hash) {
  SmallVector<Constant *> steps;
  SmallVector<std::pair<StringRef, size_t>> starts;
  for (Operation &op : *program.getBody().begin()) {
    if (auto entry = dyn_cast<rank::EntryOp>(op))
      starts.emplace_back(entry.getName(), steps.size());
    if (!isa<rank::StepOpInterface>(op))
      continue;
    auto [kind, content] = payload(&op);
    Operation *named = &op;
    if (auto wait = dyn_cast<rank::WaitOp>(op))
      named = wait.getCollective();
    auto origin = named->getAttrOfType<mlir::StringAttr>("origin");
    std::string name = op.getName().stripDialect().str();
    if (origin)
      name += (" (" + origin.getValue() + ")").str();
    steps.push_back(
        make(types.step, {i32(kind), i32(0), content, constants.text(name),
                          constants.text(describeLocation(op.getLoc()))}));
  }
  SmallVector<Constant *> entries;
  for (auto [index, start] : llvm::enumerate(starts)) {
    size_t end =
        index + 1 < starts.size() ? starts[index + 1].second : steps.size();
    entries.push_back(
        make(types.entry, {constants.text(start.first), i64(start.second),
                           i64(end - start.second)}));
  }
  auto *bytes = llvm::ConstantDataArray::getString(
      module.getContext(), StringRef(data.bytes.data(), data.bytes.size()),
      /*AddNull=*/false);
  auto *section = new llvm::GlobalVariable(module, bytes->getType(), true,
                                           llvm::GlobalValue::PrivateLinkage,
                                           bytes, "constants");
  section->setAlignment(llvm::Align(64));
  Constant *content = make(
      types.program,
      {i64(VS_ABI_VERSION), constants.text(hash), i64(*program.getArenaBytes()),
       i64(*program.getCommBytes()), section, i64(data.bytes.size()), groups(),
       i64(program.getGroups().size()),
       constants.array(types.step, steps, "steps"), i64(steps.size()),
       constants.array(types.entry, entries, "entries"), i64(entries.size())});
  new llvm::GlobalVariable(module, types.program, true,
                           llvm::GlobalValue::ExternalLinkage, content,
                           "vescale_program");
  return llvm::Error::success();
}

llvm::Error vescale::addProgramTables(llvm::Module &module,
                                      rank::ProgramOp program, StringRef hash) {
  AbiTypes types(module.getContext());
  if (llvm::Error error = types.check(module.getDataLayout()))
    return error;
  return TableBuilder(module, program, types).build(hash);
}
