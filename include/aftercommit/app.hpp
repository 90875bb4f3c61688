/// An application: its databases, its broker and its tasks, shared by the program that enqueues and the
/// worker.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/clock.hpp"
#include "aftercommit/database.hpp"
#include "aftercommit/delivery.hpp"
#include "aftercommit/task.hpp"

namespace aftercommit {

namespace detail {
class AppCore;
}

/// Where an App finds its servers.  What is left empty comes from the environment, at the first use:
/// REDIS_URL; DATABASE_URL for the alias "default"; DATABASE_URL_REPORTS for the alias "reports".
struct AppOptions {
  std::string redis_url = {};  ///< see make_broker for the forms; without REDIS_URL redis://127.0.0.1:6379/0
  /// By alias.  An entry without a URL takes it from the environment, so {{"default", {.pool_size = 32}}} is
  /// enough.
  std::map<std::string, DatabaseOptions> databases = {};
  /// Of all tasks that say nothing else; empty: durable for jobs that belong to a database, else on commit.
  std::optional<Delivery> delivery = std::nullopt;
  std::size_t payload_limit = defaults::kPayloadLimit;
  /// Longest wait for the broker, of who asks for a job that is not durable, and of ~App.
  std::chrono::milliseconds enqueue_timeout = defaults::kEnqueueTimeout;
  const Clock* clock = nullptr;  ///< not owned; the machine's by default
};

/// Usually one global object in a header that the web app and the task library share.  Makes no connection
/// before it is used.  Thread-safe once its tasks are declared and configured.
class App {
 public:
  explicit App(std::string name, AppOptions options = {});
  /// Sends the durable jobs that are on their way, within enqueue_timeout.  An App with static storage can be
  /// used after that as well, by what is destroyed later: see Database::exec; its durable jobs are then left
  /// to the relay of a worker.
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  const std::string& name() const noexcept;

  /// Replaces the options; UsageError once a database or the broker has been used.
  void configure(AppOptions options);
  /// As given, or as found in the environment; settles them, as any use does.
  const AppOptions& options() const;

  /// ConfigError for an alias that is not configured, naming those that are.
  Database& database(std::string_view alias = defaults::kDatabase) const;
  std::vector<std::string> database_aliases() const;

  /// For the start of a program: ConfigError if the broker or a database cannot be reached or cannot serve,
  /// or if the tables of durable delivery are missing (`aftercommit migrate` makes them); with a line for
  /// each thing that is wrong.  Looks at all of them side by side, on connections of its own, within 5 s in
  /// all. Gives back warnings, as sentences, for settings of Redis that put jobs at risk.
  std::vector<std::string> check() const;

  /// Declares a task.  Names have 1 to 64 of a-z A-Z 0-9 _ . - and are unique in the app: UsageError
  /// otherwise.
  template <class... Args>
  Task<Args...> task(std::string name, TaskOptions options = {}) {
    return Task<Args...>{declare(std::move(name), std::move(options))};
  }

  /// For the library's own parts.
  detail::AppCore& core() const noexcept { return *core_; }

 private:
  detail::TaskEntry& declare(std::string name, TaskOptions options);

  detail::AppCore* const core_;  // owned; where this object has static storage, never given up
};

}  // namespace aftercommit
