#include "operate/workers.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"
#include "base/log/log_format.hpp"
#include "broker/contract/no_redis.hpp"

namespace aftercommit::operate {
namespace {

using Report = nlohmann::json;  // in any form: another program may have put it there

std::string text_in(const Report& report, const char* name) {
  const auto found = report.find(name);
  return found != report.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::int64_t number_in(const Report& report, const char* name) {
  const auto found = report.find(name);
  return found != report.end() && found->is_number_integer()
             ? std::max<std::int64_t>(found->get<std::int64_t>(), 0)
             : 0;
}

std::optional<std::chrono::system_clock::time_point> time_in(const Report& report, const char* name) {
  const auto ms = number_in(report, name);
  return ms > 0 ? std::optional{from_epoch_ms(ms)} : std::nullopt;
}

/// host-pid-digits, see worker_id.hpp: all that older workers tell.
void read_id(WorkerInfo& worker) {
  const auto digits = worker.id.rfind('-');
  const auto pid =
      digits == std::string::npos || digits == 0 ? std::string::npos : worker.id.rfind('-', digits - 1);
  if (pid == std::string::npos) return;
  worker.host = worker.id.substr(0, pid);
  std::from_chars(worker.id.data() + pid + 1, worker.id.data() + digits, worker.pid);
}

void read_report(WorkerInfo& worker, const std::string& text) {
  constexpr std::size_t kMostJobs = 100;
  const auto report = Report::parse(text, nullptr, false);
  if (!report.is_object()) return;
  if (auto host = text_in(report, "host"); !host.empty()) worker.host = std::move(host);
  if (const auto pid = number_in(report, "pid"); pid > 0) worker.pid = static_cast<long>(pid);
  worker.app = text_in(report, "app");
  worker.version = text_in(report, "version");
  worker.since = time_in(report, "since");
  worker.told_at = time_in(report, "at");
  worker.concurrency = static_cast<std::size_t>(number_in(report, "concurrency"));
  worker.running = static_cast<std::size_t>(number_in(report, "running"));
  worker.jobs.clear();
  const auto jobs = report.find("jobs");
  if (jobs == report.end() || !jobs->is_array()) return;
  for (const auto& job : *jobs) {
    if (!job.is_object() || worker.jobs.size() == kMostJobs) continue;
    worker.jobs.push_back({.id = text_in(job, "id"),
                           .task = text_in(job, "task"),
                           .since = time_in(job, "since"),
                           .others = static_cast<std::size_t>(number_in(job, "others"))});
  }
}

/// Of these queues, by host, then id.
std::vector<WorkerInfo> workers_of(Browsing& redis, std::span<const Queue> queues) {
  std::map<std::string, WorkerInfo> found;
  for (const auto& name : queues) {
    for (const auto& view : redis.workers(name)) {
      auto& worker = found[view.worker];
      if (worker.id.empty()) {
        worker.id = view.worker;
        worker.left = view.left;
        read_id(worker);
      }
      worker.left = std::max(worker.left, view.left);
      worker.queues.push_back(name);
      if (!view.report.empty()) read_report(worker, view.report);
    }
  }
  std::vector<WorkerInfo> workers;
  for (auto& [id, worker] : found) workers.push_back(std::move(worker));
  std::ranges::sort(workers, [](const WorkerInfo& one, const WorkerInfo& other) {
    return std::tie(one.host, one.id) < std::tie(other.host, other.id);
  });
  return workers;
}

Json or_unknown(const std::optional<std::chrono::system_clock::time_point>& time) {
  return time ? Json(utc(*time)) : Json(nullptr);
}

}  // namespace

WorkerList find_workers(Servers& servers, const Queue& queue) {
  WorkerList list;
  if (is_no_redis(servers.redis_url())) {
    throw ConfigError{needs_redis("the list of workers") +
                      "; `aftercommit stats` tells how many processes take jobs"};
  }
  list.answers = servers.look_at_each([](const Store&) {},
                                      [&](Browsing& redis) {
                                        const auto queues = redis.queues();
                                        list.workers = workers_of(redis, queues);
                                      });
  if (queue.empty()) return list;
  std::erase_if(list.workers, [&](const WorkerInfo& worker) {
    return std::ranges::find(worker.queues, queue) == worker.queues.end();
  });
  return list;
}

WorkerList find_workers_of(Servers& servers, std::span<const Queue> queues) {
  WorkerList list;
  list.answers = servers.look_at_each([](const Store&) {},
                                      [&](Browsing& redis) { list.workers = workers_of(redis, queues); });
  return list;
}

Json in_json(const WorkerList& list) {
  Json workers = Json::array();
  for (const auto& worker : list.workers) {
    Json jobs = Json::array();
    for (const auto& job : worker.jobs) {
      jobs.push_back(
          {{"id", job.id}, {"task", job.task}, {"since", or_unknown(job.since)}, {"others", job.others}});
    }
    workers.push_back({{"id", worker.id},
                       {"host", or_null(worker.host)},
                       {"pid", worker.pid > 0 ? Json(worker.pid) : Json(nullptr)},
                       {"app", or_null(worker.app)},
                       {"version", or_null(worker.version)},
                       {"since", or_unknown(worker.since)},
                       {"told_at", or_unknown(worker.told_at)},
                       {"concurrency", worker.told_at ? Json(worker.concurrency) : Json(nullptr)},
                       {"queues", worker.queues},
                       {"lease_left_ms", worker.left.count()},
                       {"silent", worker.is_silent()},
                       {"running", worker.told_at ? Json(worker.running) : Json(nullptr)},
                       {"jobs", std::move(jobs)}});
  }
  Json document{{"workers", std::move(workers)}};
  document.update(in_json(list.answers));
  return document;
}

}  // namespace aftercommit::operate
