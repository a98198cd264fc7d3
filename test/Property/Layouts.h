//===- Layouts.h - Random legal layouts for a program -----------*- C++ -*-===//
#ifndef VESCALE_TEST_PROPERTY_LAYOUTS_H
#define VESCALE_TEST_PROPERTY_LAYOUTS_H

#include "Generator.h"
#include "dialects/Dist/Legality.h"

namespace vescale::test {

/// A mesh of up to 3 axes of up to 6 ranks, added to the module as @m.
dist::MeshAttr addMesh(mlir::ModuleOp module, Dice &dice);

/// A mesh of axes of these sizes.
dist::MeshAttr addMesh(mlir::ModuleOp module, llvm::ArrayRef<int64_t> sizes);

/// Gives every value of the function a random layout that its op's sharding
/// rule allows, and puts a dist.reshard where a value has one layout and its
/// user wants another. Results of the function end up not partial.
void addLayouts(mlir::func::FuncOp function, dist::MeshAttr mesh, Dice &dice);

/// Pins some arguments and results of ops to random layouts, which may not fit
/// together, and leaves the others to propagation.
void addSeeds(mlir::func::FuncOp function, dist::MeshAttr mesh, Dice &dice);

} // namespace vescale::test

#endif // VESCALE_TEST_PROPERTY_LAYOUTS_H
