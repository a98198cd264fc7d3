//===- Random.cpp - Elements of what is drawn -------------------*- C++ -*-===//
//
// Philox4x32-10 in 64-bit lanes that hold 32-bit words, so that a product of
// two is one instruction and nothing has to be widened on the way.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LoweringKind DropoutOp::getLoweringKind() { return LoweringKind::Heavy; }
/// A row's number and the step are read for each of its elements.
bool DropoutOp::rereads(unsigned operand) { return operand != 0; }

namespace {
/// Arithmetic on words in i64.
class Words {
public:
  explicit Words(ElementBuilder &elements)
      : b(elements.builder), loc(elements.loc),
        type(elements.builder.getI64Type()) {}

  Value constant(int64_t value) {
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, value));
  }
  Value low(Value x) {
    return arith::AndIOp::create(b, loc, x, constant(0xFFFFFFFF));
  }
  Value shift(Value x, int64_t bits) {
    return arith::ShRUIOp::create(b, loc, x, constant(bits));
  }
  Value high(Value x) { return shift(x, 32); }
  Value exclusive(Value x, Value y) {
    return arith::XOrIOp::create(b, loc, x, y);
  }
  Value times(Value x, int64_t by) {
    return arith::MulIOp::create(b, loc, x, constant(by));
  }
  Value bit(Value x, int64_t mask) {
    Value masked = arith::AndIOp::create(b, loc, x, constant(mask));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, masked,
                                 constant(0));
  }
  Value select(Value condition, Value yes, Value no) {
    return arith::SelectOp::create(b, loc, condition, yes, no);
  }

  /// The word that decides about element `counter`; runtime/core/Philox.h has
  /// the definition.
  Value draw(Value counter, Value step, DropAttr drop) {
    Value groups = times(shift(counter, 6), 16);
    Value lane = arith::AndIOp::create(b, loc, counter, constant(15));
    Value block = arith::AddIOp::create(b, loc, groups, lane);
    Value c0 = low(block), c1 = high(block), c2 = low(step),
          c3 = constant(drop.getSite());
    auto seed = static_cast<uint64_t>(drop.getSeed());
    auto key0 = static_cast<uint32_t>(seed),
         key1 = static_cast<uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
      Value left = times(c0, 0xD2511F53), right = times(c2, 0xCD9E8D57);
      c0 = exclusive(exclusive(high(right), c1), constant(key0));
      c2 = exclusive(exclusive(high(left), c3), constant(key1));
      c1 = low(right);
      c3 = low(left);
      key0 += 0x9E3779B9;
      key1 += 0xBB67AE85;
    }
    Value odd = bit(counter, 16);
    return select(bit(counter, 32), select(odd, c3, c2), select(odd, c1, c0));
  }

private:
  OpBuilder &b;
  Location loc;
  Type type;
};
} // namespace

Value DropoutOp::emitElement(ElementBuilder &builder, const Position &at) {
  OpBuilder &b = builder.builder;
  Location loc = builder.loc;
  SmallVector<Value> all = builder.indices(at);
  ArrayRef<Value> index = all;
  Value row = builder.read(
      getCounters(), builder.at(shapeOf(getCounters()), index.drop_back()));
  Value step = builder.read(getStep(), builder.at({}, ArrayRef<Value>()));
  Value column =
      arith::IndexCastOp::create(b, loc, b.getI64Type(), index.back());
  Words words(builder);
  Value word =
      words.draw(arith::AddIOp::create(b, loc, row, column), step, getDrop());
  Value keeps = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, word,
                                      words.constant(getDrop().getThreshold()));
  Value x = builder.read(getInput(), at);
  Emit emit(builder);
  Value kept = emit.mul(x, emit.like(x, getDrop().getScale()));
  return emit.select(keeps, kept, emit.like(x, 0));
}
