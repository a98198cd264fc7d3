//===- vescale-report.cpp - Shows the environment, or plans -----*- C++ -*-===//

#include "vescale/Report/Environment.h"
#include "vescale/Report/PlanReport.h"
#include "vescale/Support/ExitCodes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace vescale;
namespace cl = llvm::cl;

static cl::OptionCategory category("Options");
static cl::opt<bool> json("json",
                          cl::desc("Print the environment as JSON instead of "
                                   "a table"),
                          cl::cat(category));
static cl::opt<std::string> libraryDir(
    "library-dir",
    cl::desc("Where the runtime's libraries are (default: lib beside the "
             "directory of this tool; a bundle's is DIR/lib)"),
    cl::value_desc("DIR"), cl::cat(category));
static cl::opt<std::string> document(cl::Positional, cl::desc("[REPORT.json]"),
                                     cl::cat(category));
static cl::opt<std::string>
    html("html", cl::desc("Write the page of REPORT.json, a plan report"),
         cl::value_desc("PAGE"), cl::cat(category));

static int fail(int code, const llvm::Twine &what) {
  llvm::errs() << "error: " << what << "\n";
  return code;
}

static int writePage() {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(document, /*IsText=*/true);
  if (!buffer)
    return fail(exitBadInput, document + ": " + buffer.getError().message());
  llvm::Expected<llvm::json::Value> value =
      llvm::json::parse((*buffer)->getBuffer());
  if (!value)
    return fail(exitBadInput,
                document + ": " + llvm::toString(value.takeError()));
  const llvm::json::Object *report = value->getAsObject();
  if (!report)
    return fail(exitBadInput, document + ": is no JSON object");
  if (llvm::Error error = checkPlanReport(*report))
    return fail(exitBadInput,
                document + ": " + llvm::toString(std::move(error)));
  std::error_code problem;
  llvm::ToolOutputFile page(html, problem, llvm::sys::fs::OF_None);
  if (problem)
    return fail(exitUsage, html + ": " + problem.message());
  llvm::cantFail(writePlanReport(*report, page.os()));
  page.os().flush();
  if (page.os().has_error()) {
    std::string why = page.os().error().message();
    page.os().clear_error();
    return fail(exitRunFailed, html + ": " + why);
  }
  page.keep();
  return exitDone;
}

static int printEnvironment(const char *argv0) {
  if (libraryDir.empty()) {
    void *address =
        reinterpret_cast<void *>(reinterpret_cast<intptr_t>(&printEnvironment));
    std::string tool = llvm::sys::fs::getMainExecutable(argv0, address);
    llvm::SmallString<128> path(
        llvm::sys::path::parent_path(llvm::sys::path::parent_path(tool)));
    llvm::sys::path::append(path, "lib");
    libraryDir = path.str().str();
  }
  Environment environment = readEnvironment(libraryDir);
  if (json)
    printJson(environment, llvm::outs());
  else
    printTable(environment, llvm::outs());
  return exitDone;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "Reports what compiling and running programs depends on here.\n\n"
          "Versions, processor, memory, and which targets and transports are\n"
          "available. A part that is missing is listed with the reason.\n\n"
          "With a plan report (docs/Reference/plan-report.md), as the planner\n"
          "writes them, makes the page that shows it instead.\n\n"
          "Examples:\n"
          "  vescale-report\n"
          "  vescale-report --json\n"
          "  vescale-report --library-dir=BUNDLE/lib\n"
          "  vescale-report report.json --html=plan.html\n\n"
          "Exit codes: 0 done, 1 failed, 2 usage, 3 bad input.\n",
          &llvm::errs()))
    return exitUsage;
  if (document.empty() != html.empty())
    return fail(exitUsage, document.empty()
                               ? "--html needs the plan report to show"
                               : "a plan report needs --html=PAGE");
  if (document.empty())
    return printEnvironment(argv[0]);
  if (json || !libraryDir.empty())
    return fail(exitUsage, "--json and --library-dir are about the "
                           "environment; a plan report goes with --html");
  return writePage();
}
