//===- FactorAxes.cpp - Layouts seen through a sharding rule ----*- C++ -*-===//

#include "dialects/Dist/FactorAxes.h"
#include <numeric>

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

AxisRefAttr dist::subAxis(AxisRefAttr axis, int64_t pre, int64_t size,
                          MeshAttr mesh) {
  MLIRContext *context = axis.getContext();
  pre *= axis.getPreSize();
  if (pre == 1 && size == mesh.getAxisSize(axis.getName()))
    return AxisRefAttr::get(context, axis.getName());
  return AxisRefAttr::get(context, axis.getName(), pre, size);
}

AxisList dist::normalize(ArrayRef<AxisRefAttr> axes, MeshAttr mesh) {
  AxisList merged;
  for (AxisRefAttr axis : axes) {
    if (axis.getSize(mesh) == 1)
      continue;
    if (!merged.empty() && !axis.isWhole()) {
      AxisRefAttr last = merged.back();
      if (!last.isWhole() && last.getName() == axis.getName() &&
          last.getPreSize() * last.getSubSize() == axis.getPreSize()) {
        merged.back() =
            subAxis(last, 1, last.getSubSize() * axis.getSubSize(), mesh);
        continue;
      }
    }
    merged.push_back(axis);
  }
  return merged;
}

AxisList dist::sorted(ArrayRef<AxisRefAttr> axes) {
  AxisList list(axes);
  llvm::sort(list, [](AxisRefAttr a, AxisRefAttr b) {
    return std::make_tuple(a.getName(), a.getPreSize(), a.getSubSize()) <
           std::make_tuple(b.getName(), b.getPreSize(), b.getSubSize());
  });
  return list;
}

std::string dist::formatAxes(ArrayRef<AxisRefAttr> axes) {
  std::string text = "{";
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(axes, os, [&](AxisRefAttr axis) {
    os << '"' << axis.getName() << '"';
    if (!axis.isWhole())
      os << ":(" << axis.getPreSize() << ')' << axis.getSubSize();
  });
  os << '}';
  return text;
}

int64_t dist::numShards(ArrayRef<AxisRefAttr> axes, MeshAttr mesh) {
  int64_t shards = 1;
  for (AxisRefAttr axis : axes)
    shards *= axis.getSize(mesh);
  return shards;
}

bool dist::overlaps(ArrayRef<AxisRefAttr> axes, AxisRefAttr axis) {
  return llvm::any_of(axes,
                      [&](AxisRefAttr other) { return axis.overlaps(other); });
}

bool dist::overlaps(ArrayRef<AxisRefAttr> a, ArrayRef<AxisRefAttr> b) {
  return llvm::any_of(a, [&](AxisRefAttr axis) { return overlaps(b, axis); });
}

bool dist::clash(AxisRefAttr a, AxisRefAttr b, MeshAttr mesh) {
  if (a.getName() != b.getName())
    return false;
  for (int64_t cut : {a.getPreSize(), a.getPreSize() * a.getSize(mesh)})
    for (int64_t other : {b.getPreSize(), b.getPreSize() * b.getSize(mesh)})
      if (cut % other && other % cut)
        return true;
  return false;
}

/// Splits off the major `size` ranks of `axis`; what is left is the second.
static std::pair<AxisRefAttr, AxisRefAttr>
splitAxis(AxisRefAttr axis, int64_t size, MeshAttr mesh) {
  int64_t rest = axis.getSize(mesh) / size;
  return {subAxis(axis, 1, size, mesh), subAxis(axis, size, rest, mesh)};
}

/// Walks both lists while they name the same digits; returns how far they
/// agree and what is left of each.
static AxisList matchPrefix(ArrayRef<AxisRefAttr> a, ArrayRef<AxisRefAttr> b,
                            MeshAttr mesh, AxisList &restA, AxisList &restB) {
  AxisList common;
  restA.assign(a.begin(), a.end());
  restB.assign(b.begin(), b.end());
  while (!restA.empty() && !restB.empty()) {
    AxisRefAttr &x = restA.front(), &y = restB.front();
    if (x == y) {
      common.push_back(x);
      restA.erase(restA.begin());
      restB.erase(restB.begin());
      continue;
    }
    if (x.getName() != y.getName() || x.getPreSize() != y.getPreSize())
      break;
    int64_t sizeX = x.getSize(mesh), sizeY = y.getSize(mesh);
    int64_t shared = std::min(sizeX, sizeY);
    if (std::max(sizeX, sizeY) % shared)
      break;
    auto [major, rest] = splitAxis(sizeX > sizeY ? x : y, shared, mesh);
    common.push_back(major);
    if (sizeX > sizeY) {
      x = rest;
      restB.erase(restB.begin());
    } else {
      y = rest;
      restA.erase(restA.begin());
    }
  }
  return normalize(common, mesh);
}

std::optional<AxisList> dist::dropPrefix(ArrayRef<AxisRefAttr> axes,
                                         ArrayRef<AxisRefAttr> prefix,
                                         MeshAttr mesh) {
  AxisList rest, unmatched;
  matchPrefix(axes, prefix, mesh, rest, unmatched);
  if (!unmatched.empty())
    return std::nullopt;
  return rest;
}

AxisList dist::commonPrefix(ArrayRef<AxisRefAttr> a, ArrayRef<AxisRefAttr> b,
                            MeshAttr mesh) {
  AxisList restA, restB;
  return matchPrefix(a, b, mesh, restA, restB);
}

bool dist::isAllowed(const ShardingRule &rule, unsigned index,
                     ArrayRef<AxisRefAttr> axes, MeshAttr mesh) {
  const Factor &factor = rule.factors[index];
  if (axes.empty())
    return true;
  if (factor.kind == FactorKind::Whole)
    return false;
  return factor.allowsPadding || factor.size % numShards(axes, mesh) == 0;
}

void dist::projectDim(ArrayRef<AxisRefAttr> axes, const DimFactors &dim,
                      const ShardingRule &rule, MeshAttr mesh,
                      FactorAxes &result, bool &fits) {
  if (axes.empty())
    return;
  if (dim.size() == 1) {
    if (isAllowed(rule, dim[0], axes, mesh))
      result[dim[0]] = normalize(axes, mesh);
    else
      fits = false;
    return;
  }
  size_t position = 0;
  int64_t left = dim.empty() ? 1 : rule.factors[dim[0]].size;
  for (AxisRefAttr axis : axes) {
    int64_t size = axis.getSize(mesh);
    while (size > 1) {
      while (left == 1 && position + 1 < dim.size())
        left = rule.factors[dim[++position]].size;
      int64_t part = std::min(left, size);
      if (left == 1 || left % part || size % part ||
          rule.factors[dim[position]].kind == FactorKind::Whole) {
        fits = false;
        for (AxisList &list : result)
          list = normalize(list, mesh);
        return;
      }
      if (part == size) {
        result[dim[position]].push_back(axis);
      } else {
        auto [major, rest] = splitAxis(axis, part, mesh);
        result[dim[position]].push_back(major);
        axis = rest;
      }
      left /= part;
      size /= part;
    }
  }
  for (AxisList &list : result)
    list = normalize(list, mesh);
}

AxisList dist::composeDim(const DimFactors &dim, const FactorAxes &factors,
                          const ShardingRule &rule, MeshAttr mesh, bool &fits) {
  AxisList axes;
  bool full = true;
  for (unsigned factor : dim) {
    ArrayRef<AxisRefAttr> list = factors[factor];
    if (!list.empty() && !full) {
      fits = false;
      break;
    }
    axes.append(list.begin(), list.end());
    full = full && numShards(list, mesh) == rule.factors[factor].size;
  }
  return normalize(axes, mesh);
}

LayoutAttr dist::composeLayout(const TensorFactors &tensor,
                               const FactorAxes &factors,
                               const ShardingRule &rule, MeshAttr mesh,
                               FlatSymbolRefAttr meshRef) {
  SmallVector<AxesAttr> dims;
  bool fits = true;
  for (const DimFactors &dim : tensor)
    dims.push_back(AxesAttr::get(meshRef.getContext(),
                                 composeDim(dim, factors, rule, mesh, fits)));
  return LayoutAttr::get(meshRef, dims);
}
