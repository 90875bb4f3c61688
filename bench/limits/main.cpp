/// bench_redis FIGURE --jobs N measures; bench_redis payload [--durable] prints what a job is.
#include <cstdint>
#include <cxxopts.hpp>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include "bench/limits/limits.hpp"

namespace {

using namespace aftercommit::bench;

const std::map<std::string, nlohmann::json (*)(std::int64_t jobs)> kFigures{
    {"enqueue_one", enqueue_one}, {"enqueue_bulk", enqueue_bulk}, {"drain", drain}, {"latency", latency}};

std::string answer(const cxxopts::ParseResult& given) {
  const auto name = given["figure"].as<std::string>();
  if (name == "payload") return payload(given["durable"].as<bool>());
  const auto figure = kFigures.find(name);
  if (figure == kFigures.end()) throw std::runtime_error{"there is no figure '" + name + "'"};
  const auto jobs = given["jobs"].as<std::int64_t>();
  if (jobs < 1) throw std::runtime_error{"--jobs needs a number above 0"};
  return figure->second(jobs).dump();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    cxxopts::Options options{"bench_redis",
                             "Measures what Redis can do for a program that does nothing else."};
    auto add = options.add_options();
    add("figure", "what to measure, or payload", cxxopts::value<std::string>());
    add("jobs", "how many", cxxopts::value<std::int64_t>()->default_value("100000"));
    add("durable", "the payload of a durable job", cxxopts::value<bool>()->default_value("false"));
    options.parse_positional("figure");
    std::cout << answer(options.parse(argc, argv)) << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "bench_redis: " << error.what() << '\n';
    return 1;
  }
}
