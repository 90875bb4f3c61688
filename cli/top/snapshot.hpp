/// What `top` shows of one look at the servers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/contract/names.hpp"
#include "operate/glance.hpp"

namespace aftercommit::cli {

struct QueueLine {
  Queue name;
  std::int64_t ready = 0;
  std::int64_t delayed = 0;
  std::int64_t running = 0;
  operate::Sized dead{};  ///< in Redis and in the tables together
  std::optional<double> rate{};
  std::optional<std::chrono::milliseconds> oldest{};
  std::int64_t workers = 0;
  bool paused = false;
};

struct DeadLine {
  std::string id;  ///< as `aftercommit dead` takes it
  Queue queue;
  std::string task;
  std::chrono::milliseconds age{0};
  std::string reason;
};

struct WorkerLine {
  std::string id;
  std::vector<Queue> queues;
  std::chrono::milliseconds lease{0};  ///< until it ends; zero or less: it has
  std::size_t running = 0;
  std::size_t concurrency = 0;  ///< 0: not known
  std::string task{};           ///< of the job that it has run longest; empty: it runs none
  std::optional<std::chrono::milliseconds> task_age{};
};

struct PeriodicLine {
  std::string id{};  ///< of all that are shown
  std::string database{};
  std::string app{};
  std::string name{};
  std::string state{};  ///< "active", "paused", "gone"
  std::string schedule{};
  std::string task{};
  std::optional<std::chrono::milliseconds> until_next{};  ///< zero or less: it is due
  std::optional<std::chrono::milliseconds> last_ago{};

  bool is_paused() const { return state == "paused"; }
  bool is_gone() const { return state == "gone"; }
};

struct LimitLine {
  std::string id;  ///< of all that are shown
  std::string database;
  std::string name;
  int most = 0;
  int declared = 0;
  std::optional<std::chrono::milliseconds> per{};  ///< of a rate; nothing: how many run at once
  bool per_key = false;
  std::optional<std::chrono::milliseconds> changed_ago{};  ///< nothing: it is as declared
};

struct Snapshot {
  std::chrono::system_clock::time_point at{};  ///< none: nobody has looked yet
  std::vector<QueueLine> queues{};             ///< by name, as the workers
  std::vector<DeadLine> dead{};                ///< the newest first; only while they are shown
  std::vector<WorkerLine> workers{};
  std::vector<PeriodicLine> periodic{};  ///< by name, as the limits; each only while it is shown
  std::vector<LimitLine> limits{};
  std::optional<std::chrono::milliseconds> relay_lag{};  ///< the longest of all queues
  bool redis_answers = false;
  std::size_t databases = 0;
  std::size_t databases_away = 0;
  std::string trouble{};  ///< what does not answer, in a sentence; empty: all do
};

}  // namespace aftercommit::cli
