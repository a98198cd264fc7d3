//===- Convolution.cpp - Elements of conv -----------------------*- C++ -*-===//
//
// What the library has no call for: convolutions in f64.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LoweringKind ConvOp::getLoweringKind() { return LoweringKind::Heavy; }
bool ConvOp::rereads(unsigned) { return true; }

namespace {
/// Where a window stands: the input positions that its taps read.
class Window {
public:
  Window(ElementBuilder &builder, ArrayRef<int64_t> strides,
         ArrayRef<int64_t> dilations, ArrayRef<int64_t> padLow,
         ArrayRef<int64_t> inputSizes)
      : builder(builder), strides(strides), dilations(dilations),
        padLow(padLow), inputSizes(inputSizes) {}

  /// The position along spatial dimension `dim`, and whether it is inside.
  std::pair<Value, Value> at(size_t dim, Value result, Value tap) {
    OpBuilder &b = builder.builder;
    Location loc = builder.loc;
    auto scaled = [&](Value value, int64_t by) -> Value {
      return by == 1 ? value
                     : Value(arith::MulIOp::create(b, loc, value,
                                                   builder.index(by)));
    };
    Value position = arith::AddIOp::create(b, loc, scaled(result, strides[dim]),
                                           scaled(tap, dilations[dim]));
    // Below 0 the difference wraps around and is too large as well.
    position =
        arith::SubIOp::create(b, loc, position, builder.index(padLow[dim]));
    Value inside =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, position,
                              builder.index(inputSizes[dim]));
    return {position, inside};
  }

  /// The input's element under `taps`, or `outside` in the padding.
  Value read(Value input, SmallVector<Value> index, ArrayRef<Value> result,
             ArrayRef<Value> taps, Value outside) {
    Value all;
    for (size_t dim = 0; dim < taps.size(); ++dim) {
      auto [position, inside] = at(dim, result[dim], taps[dim]);
      index.push_back(position);
      all =
          all ? arith::AndIOp::create(builder.builder, builder.loc, all, inside)
              : inside;
    }
    return builder.choose(
        all, outside.getType(),
        [&] { return builder.read(input, builder.at(shapeOf(input), index)); },
        [&] { return outside; });
  }

private:
  ElementBuilder &builder;
  ArrayRef<int64_t> strides, dilations, padLow, inputSizes;
};
} // namespace

Value ConvOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  OpBuilder &b = builder.builder;
  SmallVector<Value> result = builder.indices(at);
  ArrayRef<int64_t> weight = shapeOf(getWeight());
  Window window(builder, getStrides(), getDilations(), getPadLow(),
                shapeOf(getInput()).drop_front(2));
  // The first input channel of the result channel's group.
  Value group = arith::DivUIOp::create(
      b, builder.loc, result[1],
      builder.index(weight[0] / static_cast<int64_t>(getGroups())));
  Value first =
      arith::MulIOp::create(b, builder.loc, group, builder.index(weight[1]));
  Type type = computeType(typeOf(getResult()).getElementType());
  SmallVector<Value> taps;
  return loopNest(builder, weight.drop_front(), taps,
                  emit.neutral(Reduction::Sum, type), [&](Value sum) {
                    Value channel =
                        arith::AddIOp::create(b, builder.loc, first, taps[0]);
                    Value x = window.read(getInput(), {result[0], channel},
                                          ArrayRef<Value>(result).drop_front(2),
                                          ArrayRef<Value>(taps).drop_front(),
                                          emit.neutral(Reduction::Sum, type));
                    SmallVector<Value> index = {result[1]};
                    llvm::append_range(index, taps);
                    Value w =
                        builder.read(getWeight(), builder.at(weight, index));
                    return emit.accumulate(Reduction::Sum, sum, emit.mul(x, w));
                  });
}
