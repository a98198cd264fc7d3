//===- Dialect.cpp - The dist dialect ---------------------------*- C++ -*-===//
//
// Registers the dialect's attributes and ops.
//
//===----------------------------------------------------------------------===//
#include "dialects/Dist/Dist.h"

using namespace mlir;
using namespace vescale::dist;

#include "dialects/Dist/DistDialect.cpp.inc"
#include "dialects/Dist/DistEnums.cpp.inc"
#include "dialects/Dist/DistInterfaces.cpp.inc"

namespace {
/// Prints layouts and meshes by name where MLIR may choose an alias.
struct DistAliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Attribute attribute, raw_ostream &os) const override {
    if (isa<LayoutAttr>(attribute)) {
      os << "layout";
      return AliasResult::OverridableAlias;
    }
    return AliasResult::NoAlias;
  }
};
} // namespace

void DistDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialects/Dist/DistOps.cpp.inc"
      >();
  addInterfaces<DistAliases>();
}
