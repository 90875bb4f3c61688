/// What all sessions of a process share by a name; a child of a fork begins with nothing.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/process/forks.hpp"

namespace aftercommit {

/// Thread-safe.  What a parent shares is left alone by its child: whose threads used it are not there.
template <class Shared>
class SharedInProcess {
 public:
  /// The one of this name, which lives as long as somebody holds it; else what `make()` gives, a shared_ptr.
  template <class Make>
  static std::shared_ptr<Shared> of(const std::string& name, Make&& make) {
    auto& all = ours();
    const std::lock_guard lock{all.mutex_};
    auto& known = all.known_[name];
    auto shared = known.lock();
    if (!shared) {
      shared = make();
      known = shared;
    }
    return shared;
  }

 private:
  static SharedInProcess& ours() {
    static std::atomic<SharedInProcess*> current{nullptr};
    auto* found = current.load();
    if (found != nullptr && found->forks_ == detail::forks()) return *found;
    auto fresh = std::make_unique<SharedInProcess>();
    if (current.compare_exchange_strong(found, fresh.get())) return *fresh.release();  // for good
    return *found;
  }

  const unsigned forks_ = detail::forks();
  std::mutex mutex_{};  // protects what follows
  std::map<std::string, std::weak_ptr<Shared>> known_{};
};

}  // namespace aftercommit
