#include "worker/limits/job_limits.hpp"

#include "broker/contract/aside.hpp"

namespace aftercommit::worker {

/// Neither an alias nor the name of a limit has a colon in it.
std::optional<Line> Line::parse(std::string_view reason) {
  if (!is_limit_reason(reason)) return std::nullopt;
  reason.remove_prefix(kLimitReason.size());
  const auto alias = reason.find(':');
  const auto name = alias == reason.npos ? reason.npos : reason.find(':', alias + 1);
  if (name == reason.npos) return std::nullopt;
  return Line{.alias = reason.substr(0, alias),
              .name = reason.substr(alias + 1, name - alias - 1),
              .key = reason.substr(name + 1)};
}

JobLimits limits_of(const detail::LimitRules& rules, const Envelope& job, const detail::TaskEntry& task,
                    const Database* database) {
  JobLimits found;
  const auto all = rules.of(job.task, job.queue);
  if (all.empty()) return found;
  const auto key = detail::limit_key_of(job, task.options.limit_key);
  for (const auto* const limit : all) {
    auto all_lines = std::string{kLimitReason}
                         .append(database != nullptr ? database->alias() : std::string{})
                         .append(1, ':')
                         .append(limit->name)
                         .append(1, ':');
    (limit->is_rate() ? found.rates : found.places)
        .push_back({.limit = limit,
                    .key = limit->per_key ? key : std::string{},
                    .line = all_lines + key,
                    .all_lines = std::move(all_lines)});
  }
  return found;
}

std::vector<detail::LimitOfKey> for_database(std::span<const JobLimits::One> limits) {
  std::vector<detail::LimitOfKey> all;
  for (const auto& one : limits) all.push_back({.limit = *one.limit, .key = one.key});
  return all;
}

}  // namespace aftercommit::worker
