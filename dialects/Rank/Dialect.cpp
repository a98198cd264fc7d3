//===- Dialect.cpp - The rank dialect ---------------------------*- C++ -*-===//

#include "dialects/Rank/Rank.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

#include "dialects/Rank/RankDialect.cpp.inc"
#include "dialects/Rank/RankEnums.cpp.inc"
#include "dialects/Rank/RankInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Rank/RankAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Rank/RankTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Rank/RankOps.cpp.inc"

void RankDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Rank/RankAttrs.cpp.inc"
      >();
}

void RankDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Rank/RankTypes.cpp.inc"
      >();
}

void RankDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "dialects/Rank/RankOps.cpp.inc"
      >();
}
