/// Lets in the jobs that wait for limits.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/app.hpp"
#include "broker/contract/aside.hpp"
#include "worker/limits/limit_book.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// Every worker of an app that has limits has one.  For a place that becomes free here one job is brought
/// back at once, from the next line in turn.  What nobody has told of (a worker that died, a limit that was
/// raised, news that came too early) is found by looks at the lines: soon after a job was put aside here, and
/// every second at some of all lines; then the database says for how many there is room.  It also enters the
/// limits of the app in each database, and tells the book which are 0 by now.
class Usher {
 public:
  /// Whether this database serves; one that does not is not asked.
  using Serves = std::function<bool(const Database& database)>;

  /// `app` and `book` are not owned and outlive this.  `interval`: how often it looks what has been changed.
  Usher(std::unique_ptr<Aside> broker, App& app, std::vector<Queue> queues, LimitBook& book, Serves serves,
        std::chrono::milliseconds interval);

  RoleThread& thread() noexcept { return thread_; }

 private:
  using Clock = std::chrono::steady_clock;
  using Places = std::map<std::string, std::set<std::string>>;  // of each its lines
  struct Waiting {
    std::set<Queue> queues{};
    Queue last{};  // that was asked for a job
  };

  void step(const std::stop_token& stop);
  std::chrono::milliseconds until_next() const;

  void let_in_freed(const LimitBook::News& news);
  void look_at_all(const std::stop_token& stop);
  void look_at_joined(const std::stop_token& stop);
  void let_in(const std::set<std::string>& lines, const std::stop_token& stop);
  void let_in(Database& database, const Places& places);
  void let_in_place(const std::string& place, const std::set<std::string>& lines, std::size_t room);
  std::size_t bring_back(const std::string& line, std::size_t most);
  std::size_t bring_back_of(const std::string& place, std::size_t most);
  void leave_to_their_time(const std::string& line);

  /// The limit of a line, if it is one of this app's; and the database where that is kept, if it is one of
  /// this worker's and can be asked.  Null else.
  const detail::DeclaredLimit* limit_of(const std::string& line) const;
  static std::string place_of(const detail::DeclaredLimit& limit, const std::string& line);
  static std::string all_lines_of(const std::string& line);  ///< how the reasons of all its lines begin
  Database* database_of(const std::string& line);

  void look_at_changes();
  void look_at_changes(const std::string& alias, Database& database, std::set<std::string>& zero);

  const std::unique_ptr<Aside> broker_;  // used by thread_ alone, as is what follows
  App& app_;
  const std::vector<Queue> queues_;
  LimitBook& book_;
  const Serves serves_;
  const std::chrono::milliseconds interval_;
  std::map<std::string, Waiting> lines_{};            // where jobs may stand, as far as is known
  LimitBook::Lines joined_{};                         // since the last look
  std::map<std::string, std::string> served_last_{};  // the line, by place
  Clock::time_point look_soon_at_ = Clock::time_point::max();
  Clock::time_point look_at_{};
  Clock::time_point changes_at_{};
  Clock::time_point purge_at_{};
  std::set<std::string> declared_{};                          // aliases
  std::map<std::string, std::map<std::string, int>> most_{};  // as last seen, by alias and name
  std::map<std::string, SaidOnce> failures_{};                // by alias
  RoleThread thread_;                                         // last
};

}  // namespace aftercommit::worker
