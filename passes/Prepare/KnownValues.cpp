//===- KnownValues.cpp - Tensors known when compiling -----------*- C++ -*-===//

#include "passes/Prepare/KnownValues.h"
#include "dialects/Graph/Comparison.h"
#include "dialects/Graph/Fold/DimGroups.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

/// Larger constants are not read.
static constexpr int64_t kMaxElements = int64_t(1) << 24;

static bool isElementwiseReadable(Operation *op) {
  return isa<CastOp, CompareOp, AndOp, OrOp, XorOp, NotOp, SelectOp, AddOp,
             SubOp, MulOp, MaxOp, MinOp, NegOp>(op);
}

/// The sizes along which some operand differs, else 1.
static SmallVector<int64_t> distinctSizes(ArrayRef<KnownView> operands,
                                          ArrayRef<int64_t> shape) {
  SmallVector<int64_t> sizes(shape);
  for (size_t dim = 0; dim < shape.size(); ++dim)
    if (llvm::all_of(operands, [&](const KnownView &view) {
          return view.strides[dim] == 0;
        }))
      sizes[dim] = 1;
  return sizes;
}

bool KnownValues::isKnown(Value value) {
  auto [entry, isNew] = known.try_emplace(value, false);
  if (!isNew)
    return entry->second;
  Operation *op = value.getDefiningOp();
  if (!op || typeOf(value).getNumElements() == 0)
    return false;
  bool isElementwise = isElementwiseReadable(op);
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (!dense ||
        (!dense.isSplat() && typeOf(value).getNumElements() > kMaxElements))
      return false;
  } else if (isa<ReshapeOp>(op)) {
    if (typeOf(value).getNumElements() > kMaxElements)
      return false;
  } else if (!isElementwise &&
             !isa<BroadcastOp, TransposeOp, SliceOp, IotaOp>(op)) {
    return false;
  }
  if (!llvm::all_of(op->getOperands(),
                    [&](Value operand) { return isKnown(operand); }))
    return false;
  return known[value] =
             !isElementwise ||
             computeProduct(distinctSizes(readOperands(op), shapeOf(value))) <=
                 kMaxElements;
}

SmallVector<KnownView> KnownValues::readOperands(Operation *op) {
  SmallVector<KnownView> views;
  for (Value operand : op->getOperands())
    views.push_back(read(operand));
  return views;
}

static std::vector<double> readConstant(DenseElementsAttr dense) {
  Type type = dense.getElementType();
  std::vector<double> data;
  data.reserve(dense.isSplat() ? 1 : dense.getNumElements());
  auto append = [&](auto values, auto convert) {
    for (auto value : values) {
      data.push_back(convert(value));
      if (dense.isSplat())
        return;
    }
  };
  auto asIs = [](auto value) { return static_cast<double>(value); };
  if (type.isF32())
    append(dense.getValues<float>(), asIs);
  else if (type.isInteger(1))
    append(dense.getValues<bool>(), asIs);
  else if (type.isInteger(64))
    append(dense.getValues<int64_t>(), asIs);
  else if (isa<IntegerType>(type))
    append(dense.getValues<APInt>(), [](const APInt &value) {
      return static_cast<double>(value.getSExtValue());
    });
  else
    append(dense.getValues<APFloat>(), [](APFloat value) {
      bool losesInfo;
      value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
      return value.convertToDouble();
    });
  return data;
}

static KnownView makeView(std::vector<double> data,
                          SmallVector<int64_t> strides) {
  return {std::make_shared<const std::vector<double>>(std::move(data)), 0,
          std::move(strides)};
}

KnownView KnownValues::read(Value value) {
  auto found = views.find(value);
  if (found != views.end())
    return found->second;
  KnownView view = compute(value);
  views[value] = view;
  return view;
}

KnownView KnownValues::read(Value value, ArrayRef<int64_t> shape) {
  KnownView view = read(value);
  ArrayRef<int64_t> from = shapeOf(value);
  SmallVector<DimGroup> groups = *groupDims(from, shape);
  KnownView result{view.data, view.offset,
                   SmallVector<int64_t>(shape.size(), 0)};
  bool isView = true;
  for (const DimGroup &group : groups) {
    if (group.isOneToOne())
      result.strides[group.toBegin] = view.strides[group.fromBegin];
    for (int64_t dim = group.fromBegin; dim < group.fromEnd; ++dim)
      isView &= group.isOneToOne() || from[dim] == 1;
  }
  if (isView)
    return result;
  std::vector<double> data;
  data.reserve(typeOf(value).getNumElements());
  SmallVector<int64_t> basis = computeStrides(from);
  for (int64_t i = 0, end = typeOf(value).getNumElements(); i < end; ++i)
    data.push_back(view.at(delinearize(i, basis)));
  return makeView(std::move(data), computeStrides(shape));
}

KnownView KnownValues::compute(Value value) {
  Operation *op = value.getDefiningOp();
  ArrayRef<int64_t> shape = shapeOf(value);
  return llvm::TypeSwitch<Operation *, KnownView>(op)
      .Case<ConstantOp>([&](ConstantOp op) {
        auto dense = cast<DenseElementsAttr>(op.getValue());
        SmallVector<int64_t> strides = computeStrides(shape);
        if (dense.isSplat())
          strides.assign(shape.size(), 0);
        return makeView(readConstant(dense), strides);
      })
      .Case<IotaOp>([&](IotaOp op) {
        std::vector<double> data;
        for (int64_t i = 0; i < shape[op.getDim()]; ++i)
          data.push_back(static_cast<double>(i));
        SmallVector<int64_t> strides(shape.size(), 0);
        strides[op.getDim()] = 1;
        return makeView(std::move(data), strides);
      })
      .Case<BroadcastOp>([&](BroadcastOp op) {
        KnownView view = read(op.getInput());
        SmallVector<int64_t> strides(shape.size(), 0);
        for (auto [dim, stride] : llvm::zip_equal(op.getDims(), view.strides))
          strides[dim] = stride;
        view.strides = strides;
        return view;
      })
      .Case<TransposeOp>([&](TransposeOp op) {
        KnownView view = read(op.getInput());
        view.strides = applyPermutation(view.strides, op.getPermutation());
        return view;
      })
      .Case<SliceOp>([&](SliceOp op) {
        KnownView view = read(op.getInput());
        for (auto [stride, start, step] :
             llvm::zip_equal(view.strides, op.getStarts(), op.getStrides())) {
          view.offset += stride * start;
          stride *= step;
        }
        return view;
      })
      .Case<ReshapeOp>([&](ReshapeOp op) { return read(op.getInput(), shape); })
      .Default([&](Operation *op) { return elementwise(op); });
}

using ElementFunction = std::function<double(double, double, double)>;

static ElementFunction functionOf(Operation *op) {
  Type type = typeOf(op->getResult(0)).getElementType();
  bool isBool = type.isInteger(1);
  auto bits = [](double x) { return static_cast<int64_t>(x); };
  if (auto compare = dyn_cast<CompareOp>(op))
    return [kind = compare.getComparison()](double x, double y, double) {
      return holds(kind, x, y) ? 1.0 : 0.0;
    };
  if (isa<CastOp>(op)) {
    if (isBool)
      return [](double x, double, double) { return x != 0 ? 1.0 : 0.0; };
    if (isa<IntegerType>(type))
      return [](double x, double, double) { return std::trunc(x); };
    return [](double x, double, double) { return x; };
  }
  if (isa<NotOp>(op))
    return [isBool, bits](double x, double, double) {
      return isBool ? 1 - x : static_cast<double>(~bits(x));
    };
  if (isa<AndOp>(op))
    return [bits](double x, double y, double) {
      return static_cast<double>(bits(x) & bits(y));
    };
  if (isa<OrOp>(op))
    return [bits](double x, double y, double) {
      return static_cast<double>(bits(x) | bits(y));
    };
  if (isa<XorOp>(op))
    return [bits](double x, double y, double) {
      return static_cast<double>(bits(x) ^ bits(y));
    };
  if (isa<SelectOp>(op))
    return [](double c, double x, double y) { return c != 0 ? x : y; };
  if (isa<AddOp>(op))
    return [](double x, double y, double) { return x + y; };
  if (isa<SubOp>(op))
    return [](double x, double y, double) { return x - y; };
  if (isa<MulOp>(op))
    return [](double x, double y, double) { return x * y; };
  if (isa<MaxOp>(op))
    return [](double x, double y, double) { return std::max(x, y); };
  if (isa<MinOp>(op))
    return [](double x, double y, double) { return std::min(x, y); };
  assert(isa<NegOp>(op) && "isKnown lets no other op through");
  return [](double x, double, double) { return -x; };
}

KnownView KnownValues::elementwise(Operation *op) {
  ArrayRef<int64_t> shape = shapeOf(op->getResult(0));
  SmallVector<KnownView> operands = readOperands(op);
  SmallVector<int64_t> sizes = distinctSizes(operands, shape), basis;
  basis = computeStrides(sizes);
  int64_t count = computeProduct(sizes);
  std::vector<double> data;
  data.reserve(count);
  ElementFunction function = functionOf(op);
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    double x[3] = {0, 0, 0};
    for (auto [place, view] : llvm::enumerate(operands))
      x[place] = view.at(index);
    data.push_back(function(x[0], x[1], x[2]));
    for (int64_t dim = shape.size() - 1; dim >= 0; --dim) {
      if (++index[dim] < sizes[dim])
        break;
      index[dim] = 0;
    }
  }
  for (auto [stride, size] : llvm::zip_equal(basis, sizes))
    if (size == 1)
      stride = 0;
  return makeView(std::move(data), basis);
}
