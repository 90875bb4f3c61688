#include "dashboard/audit_watch.hpp"

#include <exception>
#include <stdexcept>
#include <utility>

#include "base/log/log_format.hpp"
#include "dashboard/servers_pool.hpp"
#include "operate/audit.hpp"

namespace aftercommit::dashboard {

using operate::Json;
using std::chrono::milliseconds;

AuditWatch::AuditWatch(operate::Connections connections)
    : connections_{std::move(connections)}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}

/// One that is under way breaks off at its next job.
AuditWatch::~AuditWatch() = default;

void AuditWatch::consider(std::int64_t jobs, bool all_counted, bool watched) {
  const std::scoped_lock lock{mutex_};
  jobs_ = jobs;
  few_ = all_counted && jobs <= kByItself;
  const bool is_time = !ended_ || Clock::now() - *ended_ >= kInterval;
  if (!few_ || !watched || !is_time || asked_ || running_) return;
  asked_ = true;
  wake_.notify_all();
}

bool AuditWatch::ask() {
  const std::scoped_lock lock{mutex_};
  if (jobs_ > kAtAll) return false;
  if (running_) return true;
  asked_ = true;
  wake_.notify_all();
  return true;
}

Json AuditWatch::summary() const {
  const std::scoped_lock lock{mutex_};
  const auto of_audit = [&](const char* name) {
    return audit_.is_object() ? audit_.value(name, Json{}) : Json{};
  };
  return {{"state", running_ || asked_ ? "running"
                    : ended_           ? "done"
                                       : "none"},
          {"jobs", jobs_},
          {"by_itself", few_},
          {"at", operate::or_null(at_)},
          {"took_ms", ended_ ? Json(took_ms_) : Json(nullptr)},
          {"error", operate::or_null(error_)},
          {"agrees", of_audit("agrees")},
          {"needs_somebody", of_audit("needs_somebody")}};
}

Json AuditWatch::in_json() const {
  auto document = summary();
  const std::scoped_lock lock{mutex_};
  document["audit"] = audit_;
  return document;
}

void AuditWatch::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (wake_.wait(lock, stop, [this] { return asked_; }) && !stop.stop_requested()) {
    asked_ = false;
    running_ = true;
    lock.unlock();
    look(stop);
    lock.lock();
    running_ = false;
  }
}

void AuditWatch::look(const std::stop_token& stop) {
  constexpr milliseconds kBetweenLooks{1000};
  const auto began = Clock::now();
  Json audit;
  std::string error;
  try {
    operate::Servers servers{connections_};
    const auto step = [&] {
      if (stop.stop_requested()) throw std::runtime_error{"the dashboard ends"};
    };
    audit = operate::in_json(operate::audit(servers, kBetweenLooks, step, kOfLedger));
  } catch (const std::exception& thrown) {
    error = refusal_of(thrown).sentence;
  }
  const std::scoped_lock lock{mutex_};
  if (error.empty()) audit_ = std::move(audit);
  error_ = std::move(error);
  ended_ = Clock::now();
  took_ms_ = std::chrono::duration_cast<milliseconds>(*ended_ - began).count();
  at_ = utc(std::chrono::system_clock::now());
}

}  // namespace aftercommit::dashboard
