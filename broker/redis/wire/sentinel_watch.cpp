/// Keeps the connections that are to be cut, and those who wait for a new master.
#include "broker/redis/wire/sentinel_watch.hpp"

#include <sys/socket.h>

#include <chrono>

#include "base/process/forks.hpp"
#include "broker/redis/wire/sentinel_listener.hpp"
#include "broker/redis/wire/shared_in_process.hpp"

namespace aftercommit {
namespace {

// Sentinels tell each other of a failover within about two seconds.
constexpr std::chrono::seconds kLeft{10};

std::string key_of(const RedisUrl& url) {
  auto key = url.master;
  for (const auto& sentinel : url.sentinels) {
    for (const auto& part : {sentinel.server(), sentinel.user, sentinel.password, sentinel.password_file}) {
      key.append(1, '\0').append(part);
    }
  }
  if (!url.tls) return key;
  for (const auto& part : {url.tls->ca_file, url.tls->cert_file, url.tls->key_file, url.tls->server_name}) {
    key.append(1, '\0').append(part);
  }
  return key;
}

}  // namespace

std::shared_ptr<SentinelWatch> SentinelWatch::of(const RedisUrl& url) {
  return SharedInProcess<SentinelWatch>::of(
      key_of(url), [&] { return std::shared_ptr<SentinelWatch>{new SentinelWatch{url}}; });
}

SentinelWatch::SentinelWatch(const RedisUrl& url)
    : forks_{detail::forks()}, listener_{std::make_unique<SentinelListener>(url, *this)} {}

SentinelWatch::~SentinelWatch() = default;

bool SentinelWatch::is_ours() const { return forks_ == detail::forks(); }

std::shared_ptr<void> SentinelWatch::hold(int socket, const RedisAddress& address) {
  const std::lock_guard lock{mutex_};
  const auto held = held_.insert(held_.end(), {socket, address});
  return {&*held, [self = shared_from_this(), held](const Held*) {
            if (!self->is_ours()) return;  // the lock may be held by a thread of the parent for ever
            const std::lock_guard release{self->mutex_};
            self->held_.erase(held);
          }};
}

bool SentinelWatch::was_left(const RedisAddress& address) const {
  return left_ == address && std::chrono::steady_clock::now() < left_until_;
}

bool SentinelWatch::has_left(const RedisAddress& address) const {
  const std::lock_guard lock{mutex_};
  return was_left(address);
}

std::uint64_t SentinelWatch::changes() const {
  const std::lock_guard lock{mutex_};
  return changes_;
}

void SentinelWatch::await_change(std::uint64_t seen, Deadline deadline) const {
  std::unique_lock lock{mutex_};
  changed_.wait_until(lock, deadline, [&] { return changes_ != seen; });
}

void SentinelWatch::learn(const RedisAddress& master, const std::optional<RedisAddress>& announced_from) {
  const std::lock_guard lock{mutex_};
  if (!announced_from && was_left(master)) return;
  if (left_ == master) left_ = {};
  if (announced_from && *announced_from != master) {
    left_ = *announced_from;
    left_until_ = std::chrono::steady_clock::now() + kLeft;
  }
  if (announced_from) ++changes_;
  for (const auto& held : held_) {
    if (held.address != master) ::shutdown(held.socket, SHUT_RDWR);
  }
  changed_.notify_all();
}

}  // namespace aftercommit
