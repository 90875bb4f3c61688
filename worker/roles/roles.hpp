/// The roles of a worker: how they begin, how they end, and which of them are watched.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/roles/role_thread.hpp"
#include "worker/watch/watchdog.hpp"

namespace aftercommit::worker {

/// A role is an object that begins to work when it is made and ends when it is destroyed, and whose thread()
/// is its RoleThread.  They begin in the order in which they are added, and are destroyed in the reverse one.
/// For one thread.
class Roles {
 public:
  /// When it ends in the orderly stop of a worker.
  enum class End : std::uint8_t {
    kFirst,     ///< told at the beginning, while jobs still run; nobody waits for it before the worker's end
    kFetching,  ///< waited for before what has not begun is given back, as it may bring more
    kSettled,   ///< once no job is held any more
    kLast,      ///< with the worker
  };

  struct Place {
    End end;
    std::string watched_as{};  ///< for the watchdog, and what it tells; empty: it is not watched
    /// Asked where it waits and makes no step, by a thread that must not wait for it: whether there would be
    /// something to do.  Null: there never is.
    std::function<bool()> waits_in_vain{};
  };

  Roles() = default;
  ~Roles();
  Roles(const Roles&) = delete;
  Roles& operator=(const Roles&) = delete;

  /// Makes one, which begins, and lives as long as this.
  template <class Role, class... Arguments>
  Role& add(Place place, Arguments&&... arguments) {
    auto role = std::make_shared<Role>(std::forward<Arguments>(arguments)...);
    auto& made = *role;
    list(std::move(place), made.thread(), std::move(role));
    return made;
  }
  /// One that somebody else has made, and destroys after this.
  void list(Place place, RoleThread& thread) { list(std::move(place), thread, nullptr); }

  void request_stop(End end) noexcept;
  /// Returns when they have ended.
  void stop(End end);

  std::vector<Watchdog::Watched> watched() const;
  /// Whether one of them fails again and again right now.
  bool any_fails() const noexcept;

 private:
  struct Listed {
    Place place;
    RoleThread* thread;
    std::shared_ptr<void> role;  // null: not ours
  };

  void list(Place place, RoleThread& thread, std::shared_ptr<void> role);

  std::vector<Listed> all_;
};

}  // namespace aftercommit::worker
