/// A program that produces the standard load, to be killed by tests: producer INTENTS SEED FIRST COUNT
/// [PAUSE_MS]. Finds its servers in the environment; runs on whatever they answer.  With FAULT_FEATURES set
/// it asks for jobs of the tasks in feature_tasks.hpp besides.
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <optional>
#include <string_view>

#include "fault/harness/feature_load.hpp"
#include "fault/harness/load.hpp"

namespace {

using namespace aftercommit;
using namespace aftercommit::fault;

template <class Number>
Number number(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void pause(std::chrono::milliseconds length) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable never;
  never.wait_for(lock, length, [] { return false; });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "usage: producer INTENTS SEED FIRST COUNT [PAUSE_MS]\n";
    return 2;
  }
  App app{"fault"};
  const FaultTasks tasks{app};
  IntentFile file{argv[1]};
  Mix mix;
  if (std::getenv("FAULT_ALL_ON_COMMIT") != nullptr) {
    mix = {.rolls_back = 0.1,
           .savepoint = 0,
           .bulk = 0,
           .by_sql = 0,
           .countdown = 0,
           .on_commit = 1,
           .fail_always = 0,
           .slow = 0,
           .parent = 0};
  }
  const FeatureTasks feature_tasks{app};
  const JourneyTasks journey_tasks{tasks};
  std::optional<FeatureLoad> features;
  if (std::getenv(kFeaturesVariable) != nullptr) features.emplace(tasks, feature_tasks, journey_tasks);
  Load load{tasks, file, number<std::uint64_t>(argv[2]), mix, features ? &*features : nullptr};
  const auto first = number<long>(argv[3]);
  const auto count = number<long>(argv[4]);
  const std::chrono::milliseconds pause_length{argc > 5 ? number<long>(argv[5]) : 0};
  for (long i = first; i < first + count; ++i) {
    const auto outcome = load.produce(i);
    // A server that is away answers at once: do not burn all transactions on it.
    if (outcome == fault::Outcome::kError) pause(std::chrono::milliseconds{50});
    if (pause_length.count() > 0) pause(pause_length);
  }
  return 0;
}
