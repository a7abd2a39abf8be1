// Debian's oneDNN as a peer (worker/Serve.h has the protocol), with OpenMP's threads as the environment sets them. With
// the argument winograd it has nothing but Winograd's convolutions, which compute other numbers than a sum of products.
// With the argument version it says which oneDNN it is.
#include "../worker/Serve.h"
#include "Way.h"
#include <fmt/format.h>
#include <nnc/runtime/Npy.h>
#include <nnc/runtime/abi.h>

using namespace bench;

static Ways waysOf(const Spec &spec, bool winograd) {
  if (spec.kind() == "conv")
    return convWays(spec, winograd);
  if (winograd)
    throw Unsupported("no Winograd version of " + spec.kind());
  if (spec.kind() == "dot")
    return dotWays(spec);
  return rowWays(spec);
}

int main(int argc, char **argv) {
  std::string argument = argc > 1 ? argv[1] : "";
  if (argument == "version") {
    const dnnl::version_t &version = *dnnl::version();
    fmt::print("{}.{}.{}\n", version.major, version.minor, version.patch);
    return 0;
  }
  bool winograd = argument == "winograd";
  serve([winograd](const Spec &spec) {
    auto ways = std::make_shared<Ways>(waysOf(spec, winograd));
    const Way *way = &ways->fastest();
    return Opened{[ways, way] { way->run(); },
                  [ways](const std::string &folder) {
                    const memory &result = ways->result;
                    nnc::runtime::writeNpy(folder + "/output.0.npy", NNC_F32, result.get_desc().dims(),
                                           result.get_data_handle());
                    return size_t(1);
                  },
                  0, fmt::format("way={} implementation={}", way->name, way->implementation)};
  });
}
