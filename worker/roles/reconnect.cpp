#include "worker/roles/reconnect.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <pqxx/except>
#include <random>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "aftercommit/retry.hpp"
#include "client/postgres/error_text.hpp"
#include "worker/log/caught.hpp"
#include "worker/roles/role_counts.hpp"

namespace aftercommit::worker {

namespace {

/// What does not serve now, and how many roles of this process have found it so.
class ServersAway {
 public:
  /// True for the first role.
  bool begin(std::string_view server) {
    const std::lock_guard lock{mutex_};
    return roles_[server]++ == 0;
  }
  /// True for the last one.
  bool end(std::string_view server) {
    const std::lock_guard lock{mutex_};
    return --roles_[server] == 0;
  }

 private:
  std::mutex mutex_;  // protects roles_
  std::map<std::string_view, int> roles_;
};

ServersAway& servers_away() {
  static ServersAway all;
  return all;
}

}  // namespace

bool ToldReasons::add(const std::string& reason) {
  constexpr std::size_t kMost = 5;
  if (reasons_.size() >= kMost || std::ranges::find(reasons_, reason) != reasons_.end()) return false;
  reasons_.push_back(reason);
  return true;
}

Reconnect::~Reconnect() {
  if (told_ == Trouble::kServer) servers_away().end(server_);
}

void Reconnect::wait(const std::string& error, const std::stop_token& stop) {
  tell(Trouble::kServer, error);
  back_off(stop);
}

void Reconnect::wait_out(const std::stop_token& stop) noexcept {
  try {
    tell_of_what_was_caught();
  } catch (...) {
    // No memory to say so: the next failure tries again.
  }
  try {
    back_off(stop);
  } catch (...) {
    // Not even a wait: the next attempt comes at once.
  }
}

void Reconnect::tell_of_what_was_caught() {
  try {
    throw;
  } catch (const Error& error) {
    tell(Trouble::kServer, error.what());
  } catch (const pqxx::failure& error) {
    tell(Trouble::kServer, detail::first_line(error));
  } catch (...) {
    tell(Trouble::kOwn, what_was_caught());
  }
}

void Reconnect::tell(Trouble trouble, const std::string& error) {
  if (told_ == Trouble::kNone) since_ = std::chrono::steady_clock::now();
  if (told_ == trouble) {
    if (reasons_.add(error))
      log(level_, "still trying, now for another reason", {{"role", std::string{role_}}, {"error", error}});
    return;
  }
  if (told_ == Trouble::kServer) servers_away().end(server_);
  told_ = Trouble::kNone;
  fails_ = true;
  if (trouble == Trouble::kOwn) role_counts().own_failures.add();
  reasons_.clear();
  reasons_.add(error);
  level_ = LogLevel::kError;
  const std::string role{role_};
  if (trouble == Trouble::kServer) {
    const auto sentence = std::string{server_} + " does not serve; trying again until it does";
    if (!servers_away().begin(server_)) level_ = LogLevel::kDebug;
    told_ = trouble;
    log(level_, sentence, {{"role", role}, {"error", error}});
  } else {
    log(LogLevel::kError, "a part of this worker has failed; trying again until it does not",
        {{"role", role}, {"error", error}});
    told_ = trouble;
  }
}

void Reconnect::back_off(const std::stop_token& stop) {
  using namespace std::chrono_literals;
  progress_.enter(Phase::kAtWork);
  ++failures_;
  thread_local std::mt19937 random{std::random_device{}()};
  const auto wait =
      exponential(100ms, 5000ms, 2.0, 0.5).wait(failures_, std::uniform_real_distribution<>{}(random));
  pause(wait, stop);
}

void Reconnect::succeeded() {
  failures_ = 0;
  const auto told = std::exchange(told_, Trouble::kNone);
  if (told == Trouble::kNone) return;
  fails_ = false;
  if (told == Trouble::kServer) count_reconnect();
  const auto outage = std::chrono::steady_clock::now() - since_;
  const auto after_ms = std::chrono::duration_cast<std::chrono::milliseconds>(outage).count();
  const std::string role{role_};
  if (told == Trouble::kServer) {
    log(servers_away().end(server_) ? LogLevel::kInfo : LogLevel::kDebug,
        std::string{server_} + " serves again", {{"role", role}, {"after_ms", after_ms}});
  } else {
    log(LogLevel::kInfo, "the part of this worker that had failed goes on",
        {{"role", role}, {"after_ms", after_ms}});
  }
}

void Reconnect::count_reconnect() const noexcept {
  const bool broker = server_.find("broker") != std::string_view::npos;
  const bool database = server_.find("database") != std::string_view::npos;
  auto& counts = role_counts();
  (broker && database ? counts.either_reconnects
   : database         ? counts.database_reconnects
                      : counts.redis_reconnects)
      .add();
}

void SaidOnce::failed(const std::string& database) noexcept {
  if (said_) return;
  try {
    log(LogLevel::kError, what_, {{"database", database}, {"error", what_was_caught()}});
    said_ = true;
  } catch (...) {
    // No memory to say so: the next time.
  }
}

}  // namespace aftercommit::worker
