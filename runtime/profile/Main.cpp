// One rank of vescale-profile's measurements. Its argument is what to measure,
// a JSON object; the first rank writes what it found to the file "out",
// another.
#include "runtime/core/Error.h"
#include "runtime/core/Launch.h"
#include "runtime/core/Threads.h"
#include "runtime/profile/Attention.h"
#include "runtime/profile/Exchanges.h"
#include "runtime/profile/Fetches.h"
#include "runtime/profile/Forgetting.h"
#include "runtime/profile/Products.h"
#include "runtime/profile/Streams.h"

#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <optional>

using namespace vescale::runtime;

using Request = nlohmann::json;

static std::unique_ptr<Transport> connect(const Launch &launch,
                                          const Request &request) {
  if (launch.size == 1)
    return nullptr;
  Options options;
  if (request.at("transport") == "plain")
    options.transport = Options::TransportKind::Plain;
  return openTransport(launch, options, request.at("libraries"), [] {});
}

static nlohmann::json measure(const Request &request, Transport *transport,
                              bool yield) {
  Rounds rounds(transport);
  std::optional<ProfiledExchanges> exchanges;
  if (transport) {
    std::vector<GroupForm> forms;
    for (const auto &form : request.at("groups"))
      forms.push_back({form.at(0), form.at(1)});
    exchanges.emplace(rounds, *transport, forms, request.at("largest_bytes"),
                      yield);
  }
  Products products(rounds, request.at("largest_size"));
  Attention attention(rounds);
  Streams streams(rounds, request.at("memory_bytes"),
                  request.at("cache_bytes"));
  Fetches fetches(rounds, request.at("memory_bytes"));
  Forgetting forgetting(rounds, request.at("memory_bytes"),
                        request.at("cache_bytes"));
  rounds.run(request.at("seconds"), request.at("rounds"));
  if (transport && transport->rank() != 0)
    return nullptr;
  nlohmann::json result = streams.rates(rounds);
  result["peak_flops_per_s"] = products.peaks(rounds);
  result["attention_efficiency"] = attention.efficiency(
      rounds, result["peak_flops_per_s"]["f32"], result["vector_flops_per_s"]);
  result["cache_keeps_us"] = forgetting.keepsMicroseconds(rounds);
  result["product_bytes_per_s"] = fetches.ofProducts(rounds);
  result["epilogue_bytes_per_s"] =
      fetches.ofEpilogues(rounds, result["vector_flops_per_s"]);
  result["gemms"] = products.gemms(rounds);
  result["collectives"] =
      exchanges ? exchanges->collectives(rounds) : nlohmann::json::array();
  result["transport"] = transport ? transport->describe() : "none";
  result["rounds"] = rounds.count();
  return result;
}

/// Asks for a larger part of the cores than other work of the machine gets; for
/// processes, and for sessions where Linux shares cores out among these.
static void goAhead() {
  constexpr int priority = -10;
  setpriority(PRIO_PROCESS, 0, priority);
  std::ofstream("/proc/self/autogroup") << priority;
}

int main(int argc, char **argv) {
  Request request = Request::parse(argc == 2 ? argv[1] : "", nullptr,
                                   /*allow_exceptions=*/false);
  if (!request.is_object()) {
    std::fputs("error: this is a part of vescale-profile\n", stderr);
    return static_cast<int>(ExitCode::Usage);
  }
  std::unique_ptr<Transport> transport;
  try {
    goAhead();
    Launch launch = detectLaunch();
    setThreadCount(request.at("threads"));
    reserveStacks();
    bool yield = launch.localSize * threadCount() > coreCount(allowedCores());
    if (!yield)
      // In the order of the levels.
      bindCores(coresFrom(allowedCores(), launch.localRank * threadCount(),
                          threadCount()));
    transport = connect(launch, request);
    nlohmann::json result = measure(request, transport.get(), yield);
    if (!result.is_null()) {
      std::string file = request.at("out");
      std::ofstream out(file);
      out << result.dump();
      if (!out.flush())
        fail(ExitCode::RunFailed, file, ": can't be written");
    }
    if (transport)
      transport->finish();
    return 0;
  } catch (const Failure &failure) {
    std::fprintf(stderr, "error: %s\n", failure.what());
    if (transport)
      transport->abort(static_cast<int>(failure.code));
    return static_cast<int>(failure.code);
  }
}
