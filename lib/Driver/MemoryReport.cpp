//===- MemoryReport.cpp - What recomputation saves --------------*- C++ -*-===//

#include "vescale/Driver/MemoryReport.h"
#include "dialects/Rank/Rank.h"
#include "vescale/Train/TrainFile.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace vescale;

/// The operations of a step: its last micro-batch, and those before.
static int64_t stepFlops(ModuleOp module, rank::ProgramOp program) {
  int64_t microBatches = 1, flops = 0;
  auto train = module->getAttrOfType<StringAttr>(graph::kTrainAttr);
  if (auto file = parseTrainFile(train.getValue(), graph::kTrainAttr))
    microBatches = file->microBatches;
  else
    llvm::consumeError(file.takeError()); // the compiler has read it
  for (auto entry : program.getOps<rank::EntryOp>())
    if (entry.getName() == "main")
      flops += entry.getFlops();
    else if (entry.getName() == graph::kAccumulateName)
      flops += entry.getFlops() * (microBatches - 1);
  return flops;
}

std::vector<MemoryRow>
vescale::compareRecomputation(const CompilerOptions &options,
                              MLIRContext *context, Phase &failed) {
  SmallVector<std::string> choices = {"none", "selective", "full"};
  if (!options.train.recompute.empty() &&
      !llvm::is_contained(choices, options.train.recompute))
    choices.push_back(options.train.recompute);
  std::vector<MemoryRow> rows;
  for (const std::string &choice : choices) {
    CompilerOptions each = options;
    each.train.recompute = choice;
    each.to = Phase::Lower;
    OwningOpRef<ModuleOp> module = compile(each, context, failed);
    if (!module)
      return {};
    rank::ProgramOp program = *module->getOps<rank::ProgramOp>().begin();
    rows.push_back({choice, int64_t(program.getArenaBytes().value_or(0)),
                    int64_t(program.getCommBytes().value_or(0)),
                    stepFlops(*module, program)});
  }
  return rows;
}

void vescale::printMemoryRows(ArrayRef<MemoryRow> rows, bool asJson,
                              llvm::raw_ostream &os) {
  if (asJson) {
    llvm::json::Array array;
    for (const MemoryRow &row : rows)
      array.push_back(llvm::json::Object{{"recompute", row.recompute},
                                         {"arena_bytes", row.arenaBytes},
                                         {"comm_bytes", row.commBytes},
                                         {"step_flops", row.stepFlops}});
    os << llvm::json::Value(std::move(array)) << "\n";
    return;
  }
  size_t width = 9;
  for (const MemoryRow &row : rows)
    width = std::max(width, row.recompute.size());
  auto mib = [](int64_t bytes) { return double(bytes) / (1 << 20); };
  auto line = [&](StringRef name, auto &&...cells) {
    os << llvm::left_justify(name, width);
    ((os << llvm::right_justify(cells, 13)), ...);
    os << "\n";
  };
  line("recompute", "arena MiB", "saved MiB", "comm MiB", "GFLOP");
  for (const MemoryRow &row : rows) {
    auto number = [](double value) {
      return llvm::formatv("{0:f2}", value).str();
    };
    line(row.recompute, number(mib(row.arenaBytes)),
         number(mib(rows.front().arenaBytes - row.arenaBytes)),
         number(mib(row.commBytes)), number(row.stepFlops * 1e-9));
  }
}
