//===- Reduce.cpp - Makes a program smaller ---------------------*- C++ -*-===//
//
// Delta debugging (Zeller and Hildebrandt, 2002) with steps that know SSA. Each
// is tried on a copy, which takes the program's place if the test still finds
// it interesting. Steps for each function, repeated until none succeeds:
//   1. drop the function;
//   2. find by bisection the shortest beginning that is interesting;
//   3. drop results, then replace ops by parameters: halves, quarters, …,
//      single ones.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Graph.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Reducer/Tester.h"
#include "passes/Reduce/Edits.h"
#include "passes/Reduce/Passes.h"
#include "llvm/Support/FileSystem.h"

namespace vescale::graph {
#define GEN_PASS_DEF_REDUCEPASS
#include "passes/Reduce/Passes.h.inc"
} // namespace vescale::graph

using namespace mlir;
using namespace vescale;

namespace {
using Edit = llvm::function_ref<bool(func::FuncOp)>;
using RangeEdit = llvm::function_ref<bool(func::FuncOp, size_t, size_t)>;

class Reducer {
public:
  Reducer(ModuleOp module, StringRef test)
      : current(module.clone()), tester(test, {}) {}

  bool isInteresting(ModuleOp module);
  void run();

  OwningOpRef<ModuleOp> current;

private:
  /// Tries the edit on the function of this name.
  bool attempt(StringRef name, Edit edit);
  bool dropFunction(StringRef name);
  bool shorten(StringRef name);
  /// Tries the edit on ever smaller ranges of [0, size()).
  bool sweep(StringRef name, llvm::function_ref<size_t(func::FuncOp)> size,
             RangeEdit edit);
  func::FuncOp find(StringRef name) {
    return current->lookupSymbol<func::FuncOp>(name);
  }

  Tester tester;
};
} // namespace

bool Reducer::isInteresting(ModuleOp module) {
  // A step that makes an illegal program is one that fails, no more.
  ScopedDiagnosticHandler silent(module.getContext(),
                                 [](Diagnostic &) { return success(); });
  return tester.isInteresting(module).first == Tester::Interestingness::True;
}

bool Reducer::attempt(StringRef name, Edit edit) {
  OwningOpRef<ModuleOp> copy = current->clone();
  auto func = copy->lookupSymbol<func::FuncOp>(name);
  if (!edit(func))
    return false;
  graph::dropUnused(func);
  if (!isInteresting(*copy))
    return false;
  current = std::move(copy);
  return true;
}

bool Reducer::dropFunction(StringRef name) {
  OwningOpRef<ModuleOp> copy = current->clone();
  copy->lookupSymbol<func::FuncOp>(name).erase();
  if (!isInteresting(*copy))
    return false;
  current = std::move(copy);
  return true;
}

bool Reducer::shorten(StringRef name) {
  bool changed = false;
  size_t low = 0, high = graph::countOps(find(name));
  while (low < high) {
    size_t middle = (low + high) / 2;
    bool works = attempt(
        name, [&](func::FuncOp func) { return graph::truncate(func, middle); });
    if (works)
      // Unused ops may be gone, too.
      high = std::min(middle, graph::countOps(find(name)));
    else
      low = middle + 1;
    changed |= works;
  }
  return changed;
}

bool Reducer::sweep(StringRef name,
                    llvm::function_ref<size_t(func::FuncOp)> size,
                    RangeEdit edit) {
  bool changed = false;
  for (size_t chunk = size(find(name)); chunk > 0; chunk /= 2)
    for (size_t begin = 0; begin < size(find(name));) {
      bool works = attempt(name, [&](func::FuncOp func) {
        return edit(func, begin, begin + chunk);
      });
      changed |= works;
      // What follows has moved to `begin`, or further to the front.
      if (!works || size(find(name)) >= begin + chunk)
        begin += chunk;
    }
  return changed;
}

void Reducer::run() {
  bool changed = true;
  while (changed) {
    changed = false;
    SmallVector<std::string> names;
    for (auto func : current->getOps<func::FuncOp>())
      names.push_back(func.getSymName().str());
    for (const std::string &name : names) {
      if (dropFunction(name)) {
        changed = true;
        continue;
      }
      if (find(name).isExternal())
        continue;
      changed |= shorten(name);
      changed |= sweep(
          name, [](func::FuncOp func) { return func.getNumResults(); },
          graph::dropResults);
      changed |= sweep(name, graph::countOps, graph::cut);
    }
  }
}

namespace {
struct Reduce : vescale::graph::impl::ReducePassBase<Reduce> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    Location unknown = UnknownLoc::get(&getContext());
    if (!llvm::sys::fs::can_execute(test)) {
      emitError(unknown) << "test '" << test
                         << "' is not a program that can be run";
      return signalPassFailure();
    }
    for (auto func : module.getOps<func::FuncOp>())
      if (!func.isExternal() && !func.getBody().hasOneBlock()) {
        func.emitError("has several blocks, which graph-reduce does not know");
        return signalPassFailure();
      }
    Reducer reducer(module, test);
    if (!reducer.isInteresting(module)) {
      emitError(unknown) << "test '" << test
                         << "' does not find the input interesting: it must "
                            "exit with 1";
      return signalPassFailure();
    }
    reducer.run();
    module.getBodyRegion().takeBody(reducer.current->getBodyRegion());
  }
};
} // namespace
