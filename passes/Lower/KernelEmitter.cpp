//===- KernelEmitter.cpp - Kernel functions of fusion groups ----*- C++ -*-===//

#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Lower/KernelBody.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// The flat position row · columns + column of a value.
static Position flat(Value value, Value row, Value column, int64_t columns) {
  Position position;
  position.shape.assign(shapeOf(value).begin(), shapeOf(value).end());
  position.row = row;
  position.column = column;
  position.columns = columns;
  return position;
}

/// Whether all elements that the value's element needs are at the same place.
static bool keepsAllPositions(const FusionPlan &plan, Value value) {
  Operation *op = value.getDefiningOp();
  auto lowering = cast<LowerOpInterface>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    Value read = operand.get();
    auto constant = read.getDefiningOp<ConstantOp>();
    if (constant && constant.getValue().isSplat())
      continue;
    if (!lowering.keepsPosition(operand.getOperandNumber()))
      return false;
    if (std::optional<View> view = plan.getView(read)) {
      if (!view->isDense())
        return false;
    } else if (!keepsAllPositions(plan, read)) {
      return false;
    }
  }
  // Ops without operands may depend on where they are.
  return op->getNumOperands() != 0;
}

/// The number of elements along the last dimensions of which only one is not 1.
static int64_t innerExtent(ArrayRef<int64_t> shape) {
  for (int64_t size : llvm::reverse(shape))
    if (size != 1)
      return size;
  return 1;
}

/// A row of a row op in the group's rows.
static Row makeRow(const RowSpace &rows, Operation *op, Value row) {
  Value input = op->getOperand(0);
  int64_t length = rows.length();
  if (rows.isTrailing())
    return {length, [=](ElementBuilder &, Value column) {
              return flat(input, row, column, length);
            }};
  return {
      length, [=](ElementBuilder &builder, Value column) {
        SmallVector<int64_t> outer, inner;
        for (auto [dim, size] : llvm::enumerate(rows.shape))
          (llvm::is_contained(rows.dims, dim) ? inner : outer).push_back(size);
        SmallVector<Value> outerIndex = builder.delinear(outer, row);
        SmallVector<Value> innerIndex = builder.delinear(inner, column);
        SmallVector<Value> index;
        size_t nextOuter = 0, nextInner = 0;
        for (size_t dim = 0; dim < rows.shape.size(); ++dim)
          index.push_back(llvm::is_contained(rows.dims, dim)
                              ? innerIndex[nextInner++]
                              : outerIndex[nextOuter++]);
        return builder.at(shapeOf(input), index);
      }};
}

static SmallVector<int64_t> emitRows(KernelBody &body, const Group &group,
                                     Value output) {
  const RowSpace &rows = *group.rows;
  body.setRows(rows);
  Type element = typeOf(group.root).getElementType();
  int64_t total = typeOf(group.root).getNumElements();
  int64_t length = rows.length();
  body.loop(body.bound0Low, body.bound0High, [&](Value row) {
    for (Operation *op : llvm::reverse(group.rowOps))
      body.setRowState(
          op, cast<RowOpInterface>(op).emitRow(body, makeRow(rows, op, row)));
    Row last = makeRow(rows, group.rowOps.front(), row);
    body.loop(body.index(0), body.index(length), [&](Value column) {
      Position at = last.at(body, column);
      at.shape.assign(shapeOf(group.root).begin(), shapeOf(group.root).end());
      body.write(body.computeRoot(group.root, at), at, output, element);
    });
  });
  return {length == 0 ? 0 : total / length, 1};
}

namespace {
/// Reduces the columns from `base` on, `count` of them, of one row of the
/// result, over outer dimensions of the input.
class ColumnSums {
public:
  /// `sums` holds a row of `together` columns for each leaf.
  ColumnSums(KernelBody &body, ReduceOp reduce, Value sums, int64_t together,
             Value base, Value count)
      : body(body), b(body.builder), loc(body.loc), reduce(reduce), sums(sums),
        together(together), base(base), count(count) {}

  /// The reduced dimensions' places in `index` are free; the last is a column.
  void run(SmallVectorImpl<Value> &index) {
    Type type = computeType(typeOf(reduce.getInput()).getElementType());
    Value neutral = Emit(body).neutral(reduce.getKind(), type);
    int64_t leaves = leavesOf(reduce);
    body.loop(body.index(0), body.index(leaves * together), [&](Value place) {
      memref::StoreOp::create(b, loc, neutral, sums, place);
    });
    if (leaves == 1)
      return add(index, reduce.getDims(), body.index(0));
    int64_t dim = reduce.getDims()[0];
    int64_t length = shapeOf(reduce.getInput())[dim] / leaves;
    loopTo(leaves, [&](Value leaf) {
      Value first = scale(leaf, length);
      loopTo(length, [&](Value position) {
        index[dim] = arith::AddIOp::create(b, loc, first, position);
        add(index, {}, scale(leaf, together));
      });
    });
    for (int64_t width = leaves / 2; width > 0; width /= 2)
      loopTo(width, [&](Value place) {
        Value to = scale(place, together), left = scale(place, 2 * together);
        Value right = arith::AddIOp::create(b, loc, left, body.index(together));
        body.loop(body.index(0), count, [&](Value column) {
          accumulate(to, column, load(left, column), load(right, column));
        });
      });
  }

  static int64_t leavesOf(ReduceOp reduce) {
    return std::max<int64_t>(dist::getLeaves(reduce), 1);
  }

  Value load(Value row, Value column) {
    return memref::LoadOp::create(b, loc, sums, place(row, column));
  }

private:
  void loopTo(int64_t end, function_ref<void(Value)> step) {
    body.loop(body.index(0), body.index(end), step);
  }
  Value scale(Value index, int64_t by) {
    return arith::MulIOp::create(b, loc, index, body.index(by));
  }
  Value place(Value row, Value column) {
    return arith::AddIOp::create(b, loc, row, column);
  }
  void accumulate(Value row, Value column, Value left, Value right) {
    Value sum = Emit(body).accumulate(reduce.getKind(), left, right);
    memref::StoreOp::create(b, loc, sum, sums, place(row, column));
  }

  /// Adds the input's rows over `dims` to the sums of `row`.
  void add(SmallVectorImpl<Value> &index, ArrayRef<int64_t> dims, Value row) {
    ArrayRef<int64_t> shape = shapeOf(reduce.getInput());
    if (!dims.empty())
      return loopTo(shape[dims[0]], [&](Value position) {
        index[dims[0]] = position;
        add(index, dims.drop_front(), row);
      });
    body.loop(body.index(0), count, [&](Value column) {
      index.back() = arith::AddIOp::create(b, loc, base, column);
      Value x = body.read(reduce.getInput(), body.at(shape, index));
      accumulate(row, column, load(row, column), x);
    });
  }

  KernelBody &body;
  OpBuilder &b;
  Location loc;
  ReduceOp reduce;
  Value sums;
  int64_t together;
  Value base, count;
};
} // namespace

static SmallVector<int64_t> emitColumns(KernelBody &body, ReduceOp reduce,
                                        Value output) {
  // So many that the sums stay in the first cache.
  int64_t leaves = ColumnSums::leavesOf(reduce);
  int64_t together = std::clamp<int64_t>(4096 / leaves, 16, 256);
  OpBuilder &b = body.builder;
  Location loc = body.loc;
  Value root = reduce.getResult();
  Type element = typeOf(root).getElementType();
  int64_t total = typeOf(root).getNumElements();
  int64_t columns = shapeOf(root).back();
  body.addName(reduce);
  Value sums = body.rowBuffer({leaves * together, nullptr}, element);
  Value step = body.index(together);
  body.loop(body.bound0Low, body.bound0High, [&](Value row) {
    SmallVector<Value> outer = body.delinear(shapeOf(root).drop_back(), row);
    Value width =
        arith::SubIOp::create(b, loc, body.bound1High, body.bound1Low);
    Value blocks = arith::CeilDivUIOp::create(b, loc, width, step);
    body.loop(body.index(0), blocks, [&](Value block) {
      Value done = arith::MulIOp::create(b, loc, block, step);
      Value base = arith::AddIOp::create(b, loc, body.bound1Low, done);
      Value left = arith::SubIOp::create(b, loc, width, done);
      Value count = arith::MinUIOp::create(b, loc, left, step);
      SmallVector<Value> index;
      size_t kept = 0;
      for (int64_t dim = 0; dim < rankOf(reduce.getInput()); ++dim)
        index.push_back(llvm::is_contained(reduce.getDims(), dim) ||
                                kept == outer.size()
                            ? Value()
                            : outer[kept++]);
      ColumnSums columnSums(body, reduce, sums, together, base, count);
      columnSums.run(index);
      body.loop(body.index(0), count, [&](Value column) {
        Value sum = columnSums.load(body.index(0), column);
        Value place = arith::AddIOp::create(b, loc, base, column);
        body.write(sum, flat(root, row, place, columns), output, element);
      });
    });
  });
  return {total / columns, columns};
}

/// Computes the roots' elements at one place, then writes them to `outputs`.
static void emitPoint(KernelBody &body, ArrayRef<KernelRoot> roots,
                      ArrayRef<Value> outputs, const Position &at) {
  SmallVector<Value> elements;
  for (const KernelRoot &root : roots) {
    elements.push_back(body.computeRoot(root.group->root, at));
    if (&root != &roots.back())
      body.keep(root.group->root, elements.back());
  }
  for (auto [root, element, output] : llvm::zip_equal(roots, elements, outputs))
    if (root.isWritten)
      body.write(element, at, output,
                 typeOf(root.group->root).getElementType());
}

static SmallVector<int64_t> emitPoints(KernelBody &body, const FusionPlan &plan,
                                       ArrayRef<KernelRoot> roots,
                                       ArrayRef<Value> outputs) {
  Value root = roots.front().group->root;
  int64_t total = typeOf(root).getNumElements();
  if (llvm::all_of(roots, [&](const KernelRoot &root) {
        return keepsAllPositions(plan, root.group->root);
      })) {
    body.loop(body.bound0Low, body.bound0High, [&](Value place) {
      emitPoint(body, roots, outputs, flat(root, body.index(0), place, total));
    });
    return {total};
  }
  int64_t columns = innerExtent(shapeOf(root));
  body.loop(body.bound0Low, body.bound0High, [&](Value row) {
    body.loop(body.bound1Low, body.bound1High, [&](Value column) {
      emitPoint(body, roots, outputs, flat(root, row, column, columns));
    });
  });
  return {columns == 0 ? 0 : total / columns, columns};
}

static MemRefType outputType(Value root) {
  RankedTensorType type = typeOf(root);
  return MemRefType::get({type.getNumElements()},
                         storageType(type.getElementType()));
}

Kernel KernelFactory::emit(ArrayRef<KernelRoot> roots) {
  const Group &group = *roots.back().group;
  KernelBody body(module, "kernel_" + std::to_string(next++),
                  group.root.getLoc(), plan, groups);
  SmallVector<Value> outputs;
  for (const KernelRoot &root : roots) {
    outputs.push_back(root.isWritten
                          ? body.addOutput(outputType(root.group->root))
                          : Value());
    if (root.overwritten)
      body.bind(root.overwritten, outputs.back());
  }
  if (group.rows)
    return body.finish(emitRows(body, group, outputs.back()));
  // Neighbouring columns are reduced together, as vectors.
  if (Operation *op = group.root.getDefiningOp(); reducesOuterDims(op))
    return body.finish(emitColumns(body, cast<ReduceOp>(op), outputs.back()));
  return body.finish(emitPoints(body, plan, roots, outputs));
}

Kernel KernelFactory::emitEpilogue(const Group &group,
                                   const Epilogue &epilogue) {
  KernelBody body(module, "kernel_" + std::to_string(next++),
                  group.root.getLoc(), plan, groups);
  Value output = body.addOutput(outputType(group.root));
  Value result = group.anchor->getResult(0);
  body.bind(result, epilogue.inPlace ? output : body.bufferOf(result));
  if (epilogue.overwritten)
    body.bind(epilogue.overwritten, output);
  body.loop(body.bound0Low, body.bound0High, [&](Value row) {
    body.loop(body.bound1Low, body.bound1High, [&](Value column) {
      Position at = flat(group.root, row, column, epilogue.space.columns);
      body.write(body.computeRoot(group.root, at), at, output,
                 typeOf(group.root).getElementType());
    });
  });
  return body.finish({epilogue.space.rows, epilogue.space.columns});
}

Kernel KernelFactory::emitIndexCheck(Value indices, int64_t size) {
  constexpr StringLiteral hook = "vs_index_error";
  KernelBody body(module, "kernel_" + std::to_string(next++), indices.getLoc(),
                  plan, groups);
  OpBuilder &b = body.builder;
  Type i64 = b.getI64Type();
  if (!module.lookupSymbol(hook)) {
    OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
    func::FuncOp::create(top, module.getLoc(), hook,
                         top.getFunctionType({i64, i64}, {}))
        .setPrivate();
  }
  int64_t total = typeOf(indices).getNumElements();
  body.loop(body.bound0Low, body.bound0High, [&](Value place) {
    Value found =
        body.read(indices, flat(indices, body.index(0), place, total));
    if (found.getType() != i64)
      found = arith::ExtSIOp::create(b, body.loc, i64, found);
    auto outside = [&](arith::CmpIPredicate predicate, int64_t limit) -> Value {
      return arith::CmpIOp::create(b, body.loc, predicate, found,
                                   body.integer(i64, limit));
    };
    Value bad = arith::OrIOp::create(b, body.loc,
                                     outside(arith::CmpIPredicate::slt, -size),
                                     outside(arith::CmpIPredicate::sge, size));
    auto report = scf::IfOp::create(b, body.loc, bad, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&report.getThenRegion().front());
    func::CallOp::create(b, body.loc, hook, TypeRange{},
                         ValueRange{found, body.integer(i64, size)});
  });
  Kernel kernel = body.finish({total});
  kernel.origin = "index check";
  return kernel;
}
