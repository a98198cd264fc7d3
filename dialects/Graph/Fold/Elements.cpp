//===- Elements.cpp - Arithmetic on constant tensors ------------*- C++ -*-===//

#include "dialects/Graph/Fold/Elements.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

static double toDouble(APFloat value) {
  bool losesInfo;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

double ConstantElements::number(int64_t index) const {
  index = splat ? 0 : index;
  return isFloat() ? floats[index] : static_cast<double>(ints[index]);
}

std::optional<ConstantElements> ConstantElements::read(Attribute value,
                                                       int64_t limit) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(value);
  if (!dense)
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(dense.getType());
  if (!type || type.getEncoding() || type.getNumElements() == 0 ||
      (!dense.isSplat() && type.getNumElements() > limit))
    return std::nullopt;
  ConstantElements elements;
  elements.type = type;
  elements.splat = dense.isSplat();
  bool isBool = type.getElementType().isInteger(1);
  auto integer = [&](const APInt &value) {
    return isBool ? static_cast<int64_t>(value.getZExtValue())
                  : value.getSExtValue();
  };
  if (elements.isFloat()) {
    if (elements.splat)
      elements.floats = {toDouble(dense.getSplatValue<APFloat>())};
    else
      for (APFloat element : dense.getValues<APFloat>())
        elements.floats.push_back(toDouble(element));
  } else if (elements.splat) {
    elements.ints = {integer(dense.getSplatValue<APInt>())};
  } else {
    for (APInt element : dense.getValues<APInt>())
      elements.ints.push_back(integer(element));
  }
  return elements;
}

/// How many elements a fold computes; 0 where it should not.
static int64_t countOf(RankedTensorType type,
                       ArrayRef<ConstantElements> operands) {
  if (type.getEncoding())
    return 0;
  bool splat =
      llvm::all_of(operands, [](const ConstantElements &e) { return e.splat; });
  if (splat && type.getNumElements() > 0)
    return 1;
  return type.getNumElements() <= kMaxFoldedElements ? type.getNumElements()
                                                     : 0;
}

Attribute graph::foldFloats(RankedTensorType type,
                            ArrayRef<ConstantElements> operands,
                            llvm::function_ref<double(int64_t)> compute) {
  auto element = cast<FloatType>(type.getElementType());
  SmallVector<APFloat, 4> values;
  for (int64_t index = 0, end = countOf(type, operands); index < end; ++index) {
    APFloat value(compute(index));
    bool losesInfo;
    value.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                  &losesInfo);
    values.push_back(value);
  }
  if (values.empty())
    return {};
  return DenseElementsAttr::get(type, values);
}

Attribute graph::foldInts(RankedTensorType type,
                          ArrayRef<ConstantElements> operands,
                          llvm::function_ref<int64_t(int64_t)> compute) {
  unsigned width = type.getElementTypeBitWidth();
  SmallVector<APInt, 4> values;
  for (int64_t index = 0, end = countOf(type, operands); index < end; ++index)
    values.emplace_back(width, static_cast<uint64_t>(compute(index)),
                        /*isSigned=*/false, /*implicitTrunc=*/true);
  if (values.empty())
    return {};
  return DenseElementsAttr::get(type, values);
}

std::optional<double> graph::splatNumber(Attribute value) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(value);
  if (!dense || !dense.isSplat() || dense.getNumElements() == 0)
    return std::nullopt;
  if (isa<FloatType>(dense.getElementType()))
    return toDouble(dense.getSplatValue<APFloat>());
  if (!isa<IntegerType>(dense.getElementType()))
    return std::nullopt;
  if (dense.getElementType().isInteger(1))
    return dense.getSplatValue<APInt>().getZExtValue();
  return static_cast<double>(dense.getSplatValue<APInt>().getSExtValue());
}
