//===- vescale-report.cpp - Shows the environment, or plans -----*- C++ -*-===//

#include "vescale/Report/Environment.h"
#include "vescale/Report/PlanReport.h"
#include "vescale/Report/PlanReportParts.h"
#include "vescale/Support/ExitCodes.h"
#include "vescale/Support/Fields.h"
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

static cl::opt<std::string>
    trace("trace",
          cl::desc("Of a run of the plan, its --trace file: measured "
                   "beside predicted"),
          cl::value_desc("FILE"), cl::cat(category));
static cl::opt<std::string>
    logFile("log", cl::desc("Of a run of the plan, its --log file"),
            cl::value_desc("FILE"), cl::cat(category));
static cl::opt<int64_t>
    ranPlan("ran", cl::desc("Which plan of the report ran (default: 1)"),
            cl::value_desc("N"), cl::init(1), cl::cat(category));

static int fail(int code, const llvm::Twine &what) {
  llvm::errs() << "error: " << what << "\n";
  return code;
}

static llvm::Error inFile(llvm::StringRef file, llvm::Error error) {
  return llvm::createStringError(file + ": " +
                                 llvm::toString(std::move(error)));
}

static llvm::Expected<std::string> readText(llvm::StringRef file) {
  if (file.empty())
    return "";
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(file, /*IsText=*/true);
  if (!buffer)
    return inFile(file, llvm::errorCodeToError(buffer.getError()));
  return (*buffer)->getBuffer().str();
}

/// Adds what was measured.
static llvm::Error addRun(llvm::json::Object &report) {
  llvm::Expected<std::string> traceText = readText(trace);
  if (!traceText)
    return traceText.takeError();
  llvm::Expected<std::string> logText = readText(logFile);
  if (!logText)
    return logText.takeError();
  auto measured = measuredReport({*traceText, *logText}, ranPlan - 1);
  if (!measured)
    return measured.takeError();
  report["measured"] = std::move(*measured);
  return llvm::Error::success();
}

static llvm::Expected<llvm::json::Object> readReport() {
  llvm::Expected<std::string> text = readText(document);
  if (!text)
    return text.takeError();
  auto report = parseJsonObject(*text, size_t(1) << 30);
  if (!report)
    return inFile(document, report.takeError());
  if (llvm::Error error = checkPlanReport(*report))
    return inFile(document, std::move(error));
  if (trace.empty() && logFile.empty())
    return report;
  if (llvm::Error error = addRun(*report))
    return std::move(error);
  if (llvm::Error error = checkPlanReport(*report))
    return inFile(document, std::move(error));
  return report;
}

static int writePage() {
  llvm::Expected<llvm::json::Object> report = readReport();
  if (!report)
    return fail(exitBadInput, llvm::toString(report.takeError()));
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
          "  vescale-report report.json --html=plan.html\n"
          "  vescale-report report.json --trace=t.json --log=l.jsonl "
          "--html=plan.html\n\n"
          "Exit codes: 0 done, 1 failed, 2 usage, 3 bad input.\n",
          &llvm::errs()))
    return exitUsage;
  if (document.empty() != html.empty())
    return fail(exitUsage, document.empty()
                               ? "--html needs the plan report to show"
                               : "a plan report needs --html=PAGE");
  if (document.empty() && !(trace.empty() && logFile.empty()))
    return fail(exitUsage, "--trace and --log go with a plan report");
  if (document.empty())
    return printEnvironment(argv[0]);
  if (json || !libraryDir.empty())
    return fail(exitUsage, "--json and --library-dir are about the "
                           "environment; a plan report goes with --html");
  return writePage();
}
