//===- Author.cpp - Stored tensors and the author's parameters --*- C++ -*-===//
//
// The attribute that relates the two, and views of one seen as views of the
// other.
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// `<` (`permuted` list)? (`tied` list)? `>`, or nothing where both are empty.
Attribute AuthorAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> permutation;
  SmallVector<StringAttr> tied;
  if (failed(parser.parseOptionalLess()))
    return get(parser.getContext(), permutation, tied);
  SMLoc loc = parser.getCurrentLocation();
  auto dim = [&] { return parser.parseInteger(permutation.emplace_back()); };
  auto name = [&] { return parser.parseAttribute(tied.emplace_back()); };
  using Delimiter = AsmParser::Delimiter;
  if ((succeeded(parser.parseOptionalKeyword("permuted")) &&
       parser.parseCommaSeparatedList(Delimiter::Square, dim)) ||
      (succeeded(parser.parseOptionalKeyword("tied")) &&
       parser.parseCommaSeparatedList(Delimiter::Square, name)) ||
      parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                    ArrayRef(permutation), ArrayRef(tied));
}

void AuthorAttr::print(AsmPrinter &printer) const {
  if (getPermutation().empty() && getTied().empty())
    return;
  printer << '<';
  if (!getPermutation().empty())
    printer << "permuted [" << getPermutation() << ']';
  if (!getPermutation().empty() && !getTied().empty())
    printer << ' ';
  if (!getTied().empty()) {
    printer << "tied [";
    llvm::interleaveComma(getTied(), printer);
    printer << ']';
  }
  printer << '>';
}

ParseResult graph::parseAuthor(OpAsmParser &parser, AuthorAttr &author) {
  author = cast_or_null<AuthorAttr>(AuthorAttr::parse(parser, Type()));
  return success(author != nullptr);
}

void graph::printAuthor(OpAsmPrinter &printer, Operation *, AuthorAttr author) {
  if (!author.getPermutation().empty() || !author.getTied().empty())
    printer << ' ';
  author.print(printer);
}

LogicalResult AuthorAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> permutation,
                                 ArrayRef<StringAttr> tied) {
  if (!isPermutationVector(permutation))
    return emitError() << "[" << permutation
                       << "] is no permutation of dimensions";
  return success();
}

SmallVector<int64_t> graph::authorShape(AuthorAttr author,
                                        RankedTensorType stored) {
  SmallVector<int64_t> shape(stored.getShape());
  for (auto [from, to] : llvm::enumerate(author.getPermutation()))
    shape[to] = stored.getDimSize(from);
  return shape;
}

SmallVector<int64_t> graph::parameterOrder(AuthorAttr author,
                                           RankedTensorType stored,
                                           ArrayRef<int64_t> viewStrides) {
  SmallVector<int64_t> order;
  SmallVector<int64_t> strides = computeStrides(stored.getShape());
  for (int64_t stride : viewStrides) {
    int64_t *found = llvm::find(strides, stride);
    int64_t dim = found - strides.begin();
    if (found == strides.end() || llvm::is_contained(order, dim) ||
        strides.size() != viewStrides.size())
      return llvm::to_vector(llvm::seq<int64_t>(0, viewStrides.size()));
    order.push_back(dim);
  }
  if (author && !author.getPermutation().empty())
    for (int64_t &dim : order)
      dim = author.getPermutation()[dim];
  return order;
}

/// Both tensors hold the same elements, so a step along a dimension of the
/// stored tensor is a step along one of the author's. A stride is a sum of such
/// steps, its digits in the mixed radix of the stored shape; walking it stays
/// the same sum as long as no index overflows into the next.
std::optional<StridedView> graph::authorView(AuthorAttr author,
                                             RankedTensorType stored,
                                             ArrayRef<int64_t> shape,
                                             const StridedView &view) {
  if (author.getPermutation().empty())
    return view;
  SmallVector<int64_t> from = computeStrides(stored.getShape());
  SmallVector<int64_t> to = computeStrides(authorShape(author, stored));
  SmallVector<int64_t> last(from.size(), 0);
  // What `distance` stored elements are in the author's tensor.
  auto translate = [&](int64_t distance, int64_t times) {
    int64_t result = 0;
    for (auto [dim, stride] : llvm::enumerate(from)) {
      int64_t steps = stride ? distance / stride : 0;
      distance -= steps * stride;
      last[dim] += times * steps;
      result += steps * to[author.getPermutation()[dim]];
    }
    return result;
  };
  StridedView result{translate(view.offset, 1), {}};
  for (auto [size, stride] : llvm::zip_equal(shape, view.strides))
    result.strides.push_back(size > 1 ? translate(stride, size - 1)
                                      : translate(stride, 0));
  for (auto [index, size] : llvm::zip_equal(last, stored.getShape()))
    if (index >= size)
      return std::nullopt;
  return result;
}
