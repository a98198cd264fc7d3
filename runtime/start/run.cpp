// DIR/run: starts the program of this rank.
#include <nlohmann/json.hpp>

#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

static int fail(int code, const std::string &message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  return code;
}

/// The rank, by whichever launcher set it; 0 without one.
static long launcherRank() {
  for (const char *name :
       {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID", "RANK"})
    if (const char *text = std::getenv(name))
      return std::strtol(text, nullptr, 10);
  return 0;
}

int main(int, char **argv) {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
  if (length < 0)
    return fail(1, "/proc/self/exe can't be read");
  std::string bundle(path, length);
  bundle.resize(bundle.find_last_of('/'));

  std::ifstream file(bundle + "/manifest.json");
  if (!file)
    return fail(3, bundle + "/manifest.json: " + std::strerror(errno));
  auto manifest =
      nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!manifest.is_object() || !manifest.contains("programs") ||
      !manifest["programs"].is_array() || manifest["programs"].empty())
    return fail(3, bundle + "/manifest.json: no list of programs");
  long rank = launcherRank();
  // A rank outside the mesh runs the first program, which refuses the world
  // with both sizes.
  std::string program;
  for (const auto &entry : manifest["programs"]) {
    if (!entry.is_object() || !entry.contains("file") ||
        !entry["file"].is_string() || !entry.contains("ranks") ||
        !entry["ranks"].is_array())
      return fail(3, bundle + "/manifest.json: malformed program entry");
    bool mine = false;
    for (const auto &member : entry["ranks"])
      mine |= member.is_number_integer() && member.get<long>() == rank;
    if (mine || program.empty())
      program = entry["file"].get<std::string>();
    if (mine)
      break;
  }
  program = bundle + "/" + program;
  execv(program.c_str(), argv);
  return fail(3, program + ": " + std::strerror(errno));
}
