//===- Attributes.cpp - Text and verification of dist attributes ----------===//
//
// Parses, prints and verifies meshes, axes and layouts.
//
//===----------------------------------------------------------------------===//
#include "dialects/Dist/FactorAxes.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vescale::dist;

#define GET_ATTRDEF_CLASSES
#include "dialects/Dist/DistAttrs.cpp.inc"

void DistDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Dist/DistAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Mesh
//===----------------------------------------------------------------------===//

Attribute MeshAttr::parse(AsmParser &parser, Type) {
  SmallVector<MeshAxisAttr> axes;
  llvm::SMLoc start = parser.getCurrentLocation();
  auto parseAxis = [&]() -> ParseResult {
    std::string name;
    int64_t size;
    if (parser.parseString(&name) || parser.parseEqual() ||
        parser.parseInteger(size))
      return failure();
    axes.push_back(MeshAxisAttr::get(parser.getContext(), name, size));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseAxis))
    return {};
  return getChecked([&] { return parser.emitError(start); },
                    parser.getContext(), axes);
}

void MeshAttr::print(AsmPrinter &printer) const {
  printer << '<';
  llvm::interleaveComma(getAxes(), printer, [&](MeshAxisAttr axis) {
    printer << '"' << axis.getName() << "\"=" << axis.getSize();
  });
  printer << '>';
}

LogicalResult MeshAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<MeshAxisAttr> axes) {
  llvm::StringSet<> names;
  int64_t ranks = 1;
  for (MeshAxisAttr axis : axes) {
    if (axis.getName().empty())
      return emitError() << "a mesh axis needs a name";
    if (!names.insert(axis.getName()).second)
      return emitError() << "mesh axis \"" << axis.getName()
                         << "\" is listed twice";
    if (axis.getSize() < 1)
      return emitError() << "mesh axis \"" << axis.getName() << "\" has size "
                         << axis.getSize() << ", needs at least 1";
    if (axis.getSize() > (int64_t(1) << 31) / ranks)
      return emitError() << "the mesh has more than 2^31 ranks";
    ranks *= axis.getSize();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

static ParseResult parseAxisRef(AsmParser &parser, AxisRefAttr &axis) {
  std::string name;
  if (parser.parseString(&name))
    return failure();
  int64_t preSize = 1, subSize = 0;
  if (succeeded(parser.parseOptionalColon())) {
    llvm::SMLoc loc = parser.getCurrentLocation();
    if (parser.parseLParen() || parser.parseInteger(preSize) ||
        parser.parseRParen() || parser.parseInteger(subSize))
      return failure();
    if (preSize < 1 || subSize < 2)
      return parser.emitError(loc)
             << "a sub-axis (p)s needs p of at least 1 and s of at least 2";
  }
  axis = AxisRefAttr::get(parser.getContext(), name, preSize, subSize);
  return success();
}

Attribute AxisRefAttr::parse(AsmParser &parser, Type) {
  AxisRefAttr axis;
  if (parser.parseLess() || parseAxisRef(parser, axis) || parser.parseGreater())
    return {};
  return axis;
}

void AxisRefAttr::print(AsmPrinter &printer) const {
  printer << '<' << StringRef(formatAxes(*this)).drop_front().drop_back()
          << '>';
}

Attribute AxesAttr::parse(AsmParser &parser, Type) {
  SmallVector<AxisRefAttr> axes;
  auto parseOne = [&] { return parseAxisRef(parser, axes.emplace_back()); };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Braces, parseOne))
    return {};
  return AxesAttr::get(parser.getContext(), axes);
}

void AxesAttr::print(AsmPrinter &printer) const {
  printer << formatAxes(getAxes());
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

static FailureOr<AxesAttr> parseAxes(AsmParser &parser) {
  Attribute attribute = AxesAttr::parse(parser, {});
  if (!attribute)
    return failure();
  return cast<AxesAttr>(attribute);
}

Attribute LayoutAttr::parse(AsmParser &parser, Type) {
  FlatSymbolRefAttr mesh;
  SmallVector<AxesAttr> dims;
  auto kind = ReductionKind::Sum;
  auto partial = AxesAttr::get(parser.getContext(), {});
  auto parseDim = [&]() -> ParseResult {
    FailureOr<AxesAttr> axes = parseAxes(parser);
    if (succeeded(axes))
      dims.push_back(*axes);
    return success(succeeded(axes));
  };
  llvm::SMLoc start = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseAttribute(mesh) ||
      parser.parseComma() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseDim))
    return {};
  if (succeeded(parser.parseOptionalComma())) {
    StringRef keyword;
    if (parser.parseKeyword("partial") || parser.parseEqual())
      return {};
    llvm::SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword))
      return {};
    std::optional<ReductionKind> parsed = symbolizeReductionKind(keyword);
    if (!parsed) {
      parser.emitError(loc) << "expected sum, max or min";
      return {};
    }
    kind = *parsed;
    FailureOr<AxesAttr> axes = parseAxes(parser);
    if (failed(axes))
      return {};
    partial = *axes;
  }
  if (parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(start); },
                    parser.getContext(), mesh, dims, kind, partial);
}

void LayoutAttr::print(AsmPrinter &printer) const {
  printer << '<' << getMesh() << ", [";
  llvm::interleaveComma(getDims(), printer,
                        [&](AxesAttr axes) { axes.print(printer); });
  printer << ']';
  if (isPartial()) {
    printer << ", partial = " << stringifyReductionKind(getPartialKind());
    getPartial().print(printer);
  }
  printer << '>';
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 FlatSymbolRefAttr mesh,
                                 ArrayRef<AxesAttr> dims, ReductionKind kind,
                                 AxesAttr partial) {
  if (partial.empty() && kind != ReductionKind::Sum)
    return emitError() << "a partial kind needs axes";
  SmallVector<AxisRefAttr> seen;
  auto add = [&](AxesAttr axes) -> LogicalResult {
    for (AxisRefAttr axis : axes) {
      for (AxisRefAttr other : seen)
        if (axis.overlaps(other))
          return emitError() << "axis \"" << axis.getName()
                             << "\" is used twice in a layout";
      seen.push_back(axis);
    }
    return success();
  };
  for (AxesAttr axes : dims)
    if (failed(add(axes)))
      return failure();
  return add(partial);
}

LogicalResult
LayoutAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                           function_ref<InFlightDiagnostic()> emitError) const {
  if (static_cast<int64_t>(shape.size()) != getRank())
    return emitError() << "a layout of " << getRank()
                       << " dimensions on a tensor of " << shape.size();
  for (int64_t size : shape)
    if (ShapedType::isDynamic(size))
      return emitError() << "a layout needs a static shape";
  return success();
}
