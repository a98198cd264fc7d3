//===- ReshardTest.cpp - A way between all pairs of layouts -----*- C++ -*-===//
//
// planReshard() for every pair of layouts of a matrix on small meshes: sharded,
// replicated, partial, over axes and parts of axes. There is a way exactly if
// the goal is partial over no more than the start is, and its steps end there.
// That the steps do what they say is PartitionTest's part.
//
//===----------------------------------------------------------------------===//
#include "Layouts.h"
#include "vescale/Planner/ReshardSteps.h"
#include "llvm/ADT/SetVector.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::test;
using namespace vescale::dist;

namespace {
class ReshardTest : public testing::Test {
protected:
  ReshardTest() {
    context.loadDialect<graph::GraphDialect, DistDialect, func::FuncDialect>();
    meshRef = FlatSymbolRefAttr::get(&context, "m");
  }

  AxisRefAttr part(int64_t pre, int64_t size) {
    return AxisRefAttr::get(&context, "a", pre, size);
  }
  SmallVector<LayoutAttr> allLayouts(ArrayRef<AxisList> choices);
  void addLayouts(ArrayRef<AxisRefAttr> axes, SmallVector<AxisList> dims,
                  AxisList partial, llvm::SetVector<LayoutAttr> &layouts);
  void checkAllPairs(ArrayRef<int64_t> meshSizes, ArrayRef<AxisList> choices,
                     bool treeOrder);

  MLIRContext context;
  FlatSymbolRefAttr meshRef;
  MeshAttr mesh;
};
} // namespace

/// Puts each axis on a dimension, behind what is there, or on none, or leaves
/// the value partial over it.
void ReshardTest::addLayouts(ArrayRef<AxisRefAttr> axes,
                             SmallVector<AxisList> dims, AxisList partial,
                             llvm::SetVector<LayoutAttr> &layouts) {
  if (axes.empty()) {
    SmallVector<AxesAttr> attributes;
    for (const AxisList &list : dims)
      attributes.push_back(AxesAttr::get(&context, normalize(list, mesh)));
    auto over = AxesAttr::get(&context, normalize(partial, mesh));
    for (ReductionKind kind :
         {ReductionKind::Sum, ReductionKind::Max, ReductionKind::Min})
      layouts.insert(
          LayoutAttr::get(meshRef, attributes).withPartial(kind, over));
    return;
  }
  ArrayRef<AxisRefAttr> rest = axes.drop_front();
  addLayouts(rest, dims, partial, layouts);
  for (size_t dim = 0; dim < dims.size(); ++dim) {
    SmallVector<AxisList> more = dims;
    more[dim].push_back(axes.front());
    addLayouts(rest, more, partial, layouts);
  }
  partial.push_back(axes.front());
  addLayouts(rest, dims, partial, layouts);
}

/// With the axes of each choice in every order.
SmallVector<LayoutAttr> ReshardTest::allLayouts(ArrayRef<AxisList> choices) {
  llvm::SetVector<LayoutAttr> layouts;
  for (AxisList axes : choices) {
    auto order = llvm::to_vector(llvm::seq<size_t>(axes.size()));
    do {
      AxisList ordered;
      for (size_t index : order)
        ordered.push_back(axes[index]);
      addLayouts(ordered, SmallVector<AxisList>(2), {}, layouts);
    } while (std::next_permutation(order.begin(), order.end()));
  }
  return layouts.takeVector();
}

/// The rank of those that differ from `rank` in the axes' coordinates which has
/// zeros there.
static int64_t firstOfGroup(int64_t rank, AxesAttr axes, MeshAttr mesh) {
  for (AxisRefAttr axis : axes) {
    int64_t stride = axis.getStride(mesh);
    rank -= rank / stride % axis.getSize(mesh) * stride;
  }
  return rank;
}

/// Whether groups over `inner` lie in groups over `outer`.
static bool isWithin(AxesAttr inner, AxesAttr outer, MeshAttr mesh) {
  return llvm::all_of(llvm::seq(mesh.getNumRanks()), [&](int64_t rank) {
    int64_t first = firstOfGroup(rank, inner, mesh);
    return firstOfGroup(first, outer, mesh) == firstOfGroup(rank, outer, mesh);
  });
}

void ReshardTest::checkAllPairs(ArrayRef<int64_t> meshSizes,
                                ArrayRef<AxisList> choices, bool treeOrder) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  mesh = addMesh(*module, meshSizes);
  SmallVector<LayoutAttr> layouts = allLayouts(choices);
  auto dimsOf = [&](LayoutAttr layout) {
    SmallVector<AxisList> dims;
    for (AxesAttr axes : layout.getDims())
      dims.push_back(normalize(axes.getAxes(), mesh));
    return dims;
  };
  int64_t planned = 0;
  for (LayoutAttr from : layouts)
    for (LayoutAttr to : layouts) {
      auto type =
          RankedTensorType::get({6, 5}, Float32Type::get(&context), from);
      auto plan = planReshard(type, to, mesh, treeOrder);
      std::string pair;
      llvm::raw_string_ostream(pair) << from << " to " << to;
      bool mayBe = !to.isPartial() ||
                   (from.getPartialKind() == to.getPartialKind() &&
                    isWithin(to.getPartial(), from.getPartial(), mesh));
      if (!plan) {
        // In the order of trees the minor axes are completed first.
        ASSERT_TRUE(!mayBe || (treeOrder && to.isPartial())) << pair;
        continue;
      }
      ASSERT_TRUE(mayBe) << pair;
      ++planned;
      EXPECT_EQ(plan->steps.empty() ? dimsOf(from) : plan->steps.back().dims,
                dimsOf(to))
          << pair;
    }
  EXPECT_GT(planned, int64_t(layouts.size()));
}

TEST_F(ReshardTest, AllPairsOnTwoAxes) {
  auto a = AxisRefAttr::get(&context, "a"), b = AxisRefAttr::get(&context, "b");
  for (bool treeOrder : {false, true}) {
    checkAllPairs({2, 2}, {{a, b}}, treeOrder);
    checkAllPairs({3, 2}, {{a, b}}, treeOrder);
  }
}

TEST_F(ReshardTest, AllPairsOnPartsOfAnAxis) {
  auto b = AxisRefAttr::get(&context, "b");
  for (bool treeOrder : {false, true}) {
    checkAllPairs({4, 2}, {{part(1, 2), part(2, 2), b}}, treeOrder);
    // Halves and thirds are no pieces of each other.
    checkAllPairs({6}, {{part(1, 2), part(2, 3)}, {part(1, 3), part(3, 2)}},
                  treeOrder);
  }
}
