//===- ConstantData.cpp - A program's constants as bytes --------*- C++ -*-===//

#include "vescale/Codegen/ConstantData.h"

using namespace mlir;
using namespace vescale;

static void appendNumber(SmallVectorImpl<char> &bytes, const APInt &value) {
  uint64_t bits = value.getZExtValue();
  for (unsigned i = 0; i < llvm::divideCeil(value.getBitWidth(), 8); ++i)
    bytes.push_back(static_cast<char>(bits >> (8 * i)));
}

static void append(SmallVectorImpl<char> &bytes, ElementsAttr value) {
  auto dense = dyn_cast<DenseElementsAttr>(value);
  unsigned width = value.getShapedType().getElementTypeBitWidth();
  // The raw data is little-endian, as the targets are; truth values are packed.
  if (dense && !dense.isSplat() && width >= 8) {
    llvm::append_range(bytes, dense.getRawData());
    return;
  }
  if (isa<FloatType>(value.getElementType())) {
    for (const APFloat &number : value.getValues<APFloat>())
      appendNumber(bytes, number.bitcastToAPInt());
    return;
  }
  for (const APInt &number : value.getValues<APInt>())
    appendNumber(bytes, number);
}

ConstantData vescale::layOutConstants(rank::ProgramOp program) {
  constexpr int64_t alignment = 64;
  ConstantData data;
  DenseMap<Attribute, int64_t> known;
  for (auto constant : program.getOps<rank::ConstantOp>()) {
    auto [entry, isNew] =
        known.try_emplace(constant.getValue(), data.bytes.size());
    data.offsets[constant] = entry->second;
    if (!isNew)
      continue;
    append(data.bytes, constant.getValue());
    data.bytes.resize(llvm::alignTo(data.bytes.size(), alignment));
  }
  return data;
}
