/// Measures one figure of aftercommit: bench_system FIGURE --jobs N.  Finds its servers in the environment
/// and prints one line of JSON.
#include <cxxopts.hpp>
#include <exception>
#include <iostream>
#include <map>
#include <string>

#include "bench/system/figures/figures.hpp"
#include "bench/system/figures/held_limits.hpp"
#include "bench/system/growth/growth.hpp"
#include "bench/system/workers/setting.hpp"

namespace {

using namespace aftercommit::bench;

const std::map<std::string, Figure> kFigures{
    {"enqueue_one", enqueue_one},   {"enqueue_bulk", enqueue_bulk},   {"drain", drain},
    {"latency", latency},           {"countdown", countdown},         {"insert", insert},
    {"enqueue_tx_1", enqueue_tx_1}, {"enqueue_tx_16", enqueue_tx_16}, {"memory", memory},
    {"insert_batch", insert_batch},
};

const std::map<std::string, GrowthFigure> kGrowthFigures{
    {"growth_fill", growth_fill},         {"growth_enqueue", growth_enqueue},
    {"growth_drain", growth_drain},       {"growth_due", growth_due},
    {"growth_latency", growth_latency},   {"growth_insert", growth_insert},
    {"growth_fairness", growth_fairness}, {"growth_sweep", growth_sweep},
    {"growth_relay", growth_relay},       {"growth_tables", growth_tables},
    {"held_limits", held_limits},
};

cxxopts::Options describe() {
  const auto number = [] { return cxxopts::value<std::int64_t>(); };
  cxxopts::Options options{"bench_system", "Measures one figure of aftercommit."};
  options.add_options()("figure", "which", cxxopts::value<std::string>())("jobs", "how many", number());
  options.add_options("growth")("queues", "spread over so many", number())("daemons", "workers", number())(
      "processes", "of each daemon", number())("concurrency", "of each process", number())(
      "prefetch", "of each process", number())("bytes", "of the second argument", number())(
      "countdown", "in seconds", number())("ledger", "jobs without a row")(
      "per-second", "enqueued", number())("seconds", "of work under limits", number());
  options.parse_positional("figure");
  return options;
}

Setting setting_of(const cxxopts::ParseResult& given) {
  const auto number = [&](const char* name, std::int64_t otherwise) {
    return given.count(name) > 0 ? given[name].as<std::int64_t>() : otherwise;
  };
  const auto optional = [&](const char* name) {
    return given.count(name) > 0 ? std::optional{given[name].as<std::int64_t>()} : std::nullopt;
  };
  Setting setting;
  setting.jobs = number("jobs", setting.jobs);
  setting.queues = number("queues", setting.queues);
  setting.daemons = number("daemons", setting.daemons);
  setting.processes = number("processes", setting.processes);
  setting.concurrency = number("concurrency", setting.concurrency);
  setting.prefetch = optional("prefetch");
  setting.bytes = number("bytes", setting.bytes);
  setting.countdown = optional("countdown");
  setting.ledger = given.count("ledger") > 0;
  setting.per_second = number("per-second", setting.per_second);
  setting.seconds = number("seconds", setting.seconds);
  return setting;
}

nlohmann::json measure(const cxxopts::ParseResult& given) {
  const auto name = given["figure"].as<std::string>();
  if (const auto figure = kGrowthFigures.find(name); figure != kGrowthFigures.end())
    return figure->second(setting_of(given));
  const auto figure = kFigures.find(name);
  if (figure == kFigures.end()) throw std::runtime_error{"there is no figure " + name};
  return figure->second(given["jobs"].as<std::int64_t>());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::cout << measure(describe().parse(argc, argv)).dump() << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "bench_system: " << error.what() << '\n';
    return 1;
  }
}
