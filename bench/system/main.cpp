/// Measures one figure of aftercommit: bench_system FIGURE --jobs N.  Finds its servers in the environment
/// and prints one line of JSON.
#include <cxxopts.hpp>
#include <exception>
#include <iostream>
#include <map>
#include <string>

#include "bench/system/figures.hpp"

namespace {

using namespace aftercommit::bench;

const std::map<std::string, Figure> kFigures{
    {"enqueue_one", enqueue_one},   {"enqueue_bulk", enqueue_bulk},   {"drain", drain},
    {"latency", latency},           {"countdown", countdown},         {"insert", insert},
    {"enqueue_tx_1", enqueue_tx_1}, {"enqueue_tx_16", enqueue_tx_16}, {"memory", memory},
};

}  // namespace

int main(int argc, char** argv) {
  try {
    cxxopts::Options options{"bench_system", "Measures one figure of aftercommit."};
    options.add_options()("figure", "which", cxxopts::value<std::string>())("jobs", "how many",
                                                                            cxxopts::value<std::int64_t>());
    options.parse_positional("figure");
    const auto given = options.parse(argc, argv);
    const auto figure = kFigures.find(given["figure"].as<std::string>());
    if (figure == kFigures.end())
      throw std::runtime_error{"there is no figure " + given["figure"].as<std::string>()};
    std::cout << figure->second(given["jobs"].as<std::int64_t>()).dump() << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "bench_system: " << error.what() << '\n';
    return 1;
  }
}
