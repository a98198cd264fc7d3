// Reads a graph of choices from stdin and prints what the search finds.
//
//   NODES EDGES MEMORY
//   for each node: CHOICES, then COST MEMORY TRANSIENT for each of them
//   for each edge: U V, then a cost for each pair, the second node's fastest
#include "vescale/Planner/ChoiceGraph.h"
#include <cstdio>
#include <iostream>

using namespace vescale::planner;

int main() {
  size_t nodes, edges;
  SearchLimits limits;
  std::cin >> nodes >> edges >> limits.memory;
  ChoiceGraph graph;
  for (size_t node = 0; node < nodes && std::cin; ++node) {
    size_t choices;
    std::cin >> choices;
    std::vector<Price> prices(choices);
    for (Price &price : prices)
      std::cin >> price.cost >> price.memory >> price.transient;
    graph.addNode(prices);
  }
  for (size_t edge = 0; edge < edges && std::cin; ++edge) {
    unsigned u, v;
    std::cin >> u >> v;
    std::vector<double> costs(graph.getChoices(u).size() *
                              graph.getChoices(v).size());
    for (double &cost : costs)
      std::cin >> cost;
    graph.addEdge(u, v, costs);
  }
  if (!std::cin) {
    std::fputs("malformed graph\n", stderr);
    return 3;
  }
  Optimum found = findCheapest(graph, limits);
  const char *statuses[] = {"optimal", "bounded", "infeasible"};
  std::printf("%s %.17g %lld %lld\n", statuses[found.status], found.cost,
              static_cast<long long>(found.memory),
              static_cast<long long>(found.work));
}
