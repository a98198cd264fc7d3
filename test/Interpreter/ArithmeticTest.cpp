//===- ArithmeticTest.cpp - The laws that the field must keep ---*- C++ -*-===//

#include "vescale/Interpreter/Arithmetic.h"
#include "mlir/IR/Builders.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace mlir;
using namespace vescale;

namespace {
class ArithmeticTest : public testing::Test {
protected:
  ArithmeticTest()
      : field(fieldArithmetic(), Builder(&context).getF32Type()),
        f32(floatArithmetic(), Builder(&context).getF32Type()),
        f16(floatArithmetic(), Builder(&context).getF16Type()),
        i8(fieldArithmetic(), Builder(&context).getIntegerType(8)) {
    for (double special :
         {0.0, 1.0, -1.0, 0.5, -HUGE_VAL, HUGE_VAL, std::nan("")})
      samples.push_back(field.number(special));
    Random random(1);
    for (int i = 0; i < 20; ++i)
      samples.push_back(field.random(random));
  }

  MLIRContext context;
  Elements field, f32, f16, i8;
  std::vector<Element> samples;
};
} // namespace

TEST_F(ArithmeticTest, FieldLawsHoldWithInfinitiesAndNan) {
  for (Element x : samples)
    for (Element y : samples) {
      EXPECT_EQ(field.add(x, y), field.add(y, x));
      EXPECT_EQ(field.mul(x, y), field.mul(y, x));
      EXPECT_EQ(field.max(x, y), field.max(y, x));
      for (Element z : samples) {
        EXPECT_EQ(field.add(field.add(x, y), z), field.add(x, field.add(y, z)));
        EXPECT_EQ(field.mul(field.mul(x, y), z), field.mul(x, field.mul(y, z)));
        EXPECT_EQ(field.mul(x, field.add(y, z)),
                  field.add(field.mul(x, y), field.mul(x, z)))
            << field.str(x) << ' ' << field.str(y) << ' ' << field.str(z);
        EXPECT_EQ(field.max(field.max(x, y), z), field.max(x, field.max(y, z)));
        // Division and subtraction commute with sums, as their rules say.
        EXPECT_EQ(field.div(field.add(x, y), z),
                  field.add(field.div(x, z), field.div(y, z)));
        EXPECT_EQ(field.neg(field.add(x, y)),
                  field.add(field.neg(x), field.neg(y)));
      }
    }
}

TEST_F(ArithmeticTest, DivisionIsExact) {
  for (Element x : samples)
    for (Element y : samples) {
      bool finite = std::isfinite(field.arithmetic.toDouble(y)) && y != 0;
      if (finite)
        EXPECT_EQ(field.mul(field.div(x, y), y), x);
    }
  EXPECT_TRUE(field.arithmetic.isNan(field.div(field.number(1), 0)));
}

TEST_F(ArithmeticTest, MasksVanish) {
  Element masked = field.number(-HUGE_VAL), x = samples.back();
  EXPECT_EQ(field.exp(masked), field.number(0));
  EXPECT_EQ(field.exp(field.add(masked, x)), field.number(0));
  EXPECT_EQ(field.max(masked, x), x);
  EXPECT_EQ(field.lowest(), masked);
}

TEST_F(ArithmeticTest, ConstantsAreExact) {
  // 0.1f is 13421773 · 2^-27.
  Element tenth = field.number(0.1);
  EXPECT_EQ(field.mul(tenth, field.number(134217728)), field.number(13421773));
  EXPECT_EQ(field.add(field.number(0.75), field.number(0.25)), field.number(1));
  EXPECT_EQ(field.number(-3), field.neg(field.number(3)));
  EXPECT_EQ(field.mul(field.number(0x1p-100), field.number(0x1p100)),
            field.number(1));
}

TEST_F(ArithmeticTest, PowersAndRootsFitTogether) {
  Element x = samples.back();
  EXPECT_EQ(field.pow(x, field.number(2)), field.mul(x, x));
  EXPECT_EQ(field.pow(x, field.number(0.5)), field.sqrt(x));
  EXPECT_EQ(field.pow(x, field.number(-0.5)), field.rsqrt(x));
  EXPECT_EQ(
      field.mul(field.pow(x, field.number(-3)), field.pow(x, field.number(3))),
      field.number(1));
}

TEST_F(ArithmeticTest, OrderIsThatOfSignedResidues) {
  EXPECT_EQ(field.max(field.number(-5), field.number(3)), field.number(3));
  EXPECT_EQ(field.min(field.number(-5), field.number(3)), field.number(-5));
  EXPECT_LT(*field.compare(field.number(-HUGE_VAL), field.number(-5)), 0);
}

TEST_F(ArithmeticTest, IntegersWrap) {
  EXPECT_EQ(i8.add(i8.integer(127), i8.integer(1)), i8.integer(-128));
  EXPECT_EQ(i8.mul(i8.integer(100), i8.integer(3)), i8.integer(44));
  EXPECT_EQ(i8.div(i8.integer(-128), i8.integer(-1)), i8.integer(-128));
  EXPECT_EQ(i8.div(i8.integer(-7), i8.integer(2)), i8.integer(-3));
  EXPECT_EQ(i8.rem(i8.integer(-7), i8.integer(2)), i8.integer(-1));
  EXPECT_EQ(i8.div(i8.integer(5), i8.integer(0)), i8.integer(0));
}

TEST_F(ArithmeticTest, FloatsAreRoundedToTheirType) {
  EXPECT_EQ(f32.arithmetic.toDouble(f32.number(0.1)), double(0.1f));
  EXPECT_EQ(f16.arithmetic.toDouble(f16.number(2049)), 2048); // ties to even
  // Just above the middle of two numbers, where f32 has the middle only.
  EXPECT_EQ(f16.arithmetic.toDouble(f16.number(2049 + 0x1p-40)), 2050);
  int64_t middle = (int64_t(1) << 60) + (int64_t(1) << 36);
  EXPECT_EQ(f32.arithmetic.toDouble(f32.integer(middle)), 0x1p60);
  EXPECT_EQ(f32.arithmetic.toDouble(f32.integer(middle + 1)), 0x1p60 + 0x1p37);
  EXPECT_TRUE(std::isinf(f16.arithmetic.toDouble(f16.number(70000))));
  EXPECT_EQ(f32.arithmetic.toInteger(f32.number(3e9), 32), 2147483647);
  EXPECT_EQ(f32.arithmetic.toInteger(f32.number(std::nan("")), 32), 0);
  EXPECT_EQ(f32.arithmetic.toInteger(f32.number(-1.9), 8), -1);
}
