#include "worker/task_list.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text/type_name.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

/// "1.5 s", "2 min 8 s", "9 h 8 min": its two largest units.
std::string in_words(double ms) {
  constexpr std::array<std::pair<double, std::string_view>, 5> kUnits{{
      {86'400e3, " d"},
      {3600e3, " h"},
      {60e3, " min"},
      {1e3, " s"},
      {1, " ms"},
  }};
  if (ms < 1) return "0 s";
  const auto* unit = std::ranges::find_if(kUnits, [&](const auto& each) { return ms >= each.first; });
  const auto count = [&](double of) { return std::to_string(static_cast<long long>(of)); };
  auto whole = std::floor(ms / unit->first);
  auto text = count(whole) + std::string{unit->second};
  if (unit->first <= 1) return text;
  const auto* const next = std::next(unit);
  const auto rest = std::floor((ms - whole * unit->first) / next->first);
  if (rest < 1) return text;
  return text + " " + count(rest) + std::string{next->second};
}
std::string in_words(milliseconds time) { return in_words(static_cast<double>(time.count())); }

std::string in_percent(double share) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%g %%", share * 100);
  return text.data();
}

std::string words_for(const Backoff& backoff) {
  const bool grows = backoff.kind == Backoff::Kind::kExponential;
  std::string text =
      grows ? "exponential from " + in_words(backoff.base) : "fixed at " + in_words(backoff.base);
  if (grows) {
    std::array<char, 32> factor{};
    std::snprintf(factor.data(), factor.size(), "%g", backoff.factor);
    text += std::string{", factor "} + factor.data() + ", cap " + in_words(backoff.cap);
  }
  if (backoff.jitter > 0) text += ", up to " + in_percent(backoff.jitter) + " less at random";
  if (backoff.floor.count() > 0) text += ", never under " + in_words(backoff.floor);
  return text;
}

/// The longest before each of the first retries, and all of them together.
std::string countdowns_of(const TaskOptions& options) {
  constexpr int kShown = 12;
  if (options.max_retries == 0) return "none";
  std::string text;
  double least = 0;
  double most = 0;
  for (int retry = 1; retry <= options.max_retries; ++retry) {
    const auto wait = options.backoff.wait(retry, 1);
    if (retry <= kShown) text += (retry == 1 ? "" : ", ") + in_words(wait);
    most += static_cast<double>(wait.count());
    least += static_cast<double>(options.backoff.wait(retry, 0).count());
  }
  if (options.max_retries > kShown) text += " ...";
  text += "; in all ";
  return text + (least < most ? in_words(least) + " to " + in_words(most) : in_words(most));
}

std::string_view words_for(const std::optional<Delivery>& delivery) {
  if (!delivery) return "as the app says";
  switch (*delivery) {
    case Delivery::kDurable:
      return "durable";
    case Delivery::kOnCommit:
      return "on commit";
    case Delivery::kImmediate:
      return "immediate";
  }
  return "unknown";
}

std::string_view words_for(Priority priority) {
  switch (priority) {
    case Priority::kCritical:
      return "critical";
    case Priority::kHigh:
      return "high";
    case Priority::kNormal:
      return "normal";
    case Priority::kLow:
      return "low";
  }
  return "unknown";
}

std::string limit_in_words(const std::optional<milliseconds>& limit) {
  if (!limit) return "as the worker says";
  return limit->count() > 0 ? in_words(*limit) : "none";
}

std::string names_of(const ErrorTypes& errors) {
  std::string text;
  for (const auto* const type : errors.types()) text += (text.empty() ? "" : ", ") + type_name(*type);
  return text;
}

std::string retried_errors(const TaskOptions& options) {
  auto text = options.retry_on ? names_of(options.retry_on) : std::string{"all"};
  if (options.no_retry_on) text += ", but not " + names_of(options.no_retry_on);
  return text;
}

/// Its own ones; its queue may have others.
std::string limits_in_words(const detail::TaskEntry& task) {
  std::string text;
  for (const auto* const limit : task.app.core().limits().of(task.name, {})) {
    text += (text.empty() ? "at most " : "; at most ") + std::to_string(limit->most);
    text += limit->per ? " in " + in_words(*limit->per) : " at once";
    text += (limit->per_key ? " for each key ('" : " ('") + limit->name + "')";
  }
  return text;
}

std::string describe(const detail::TaskEntry& task) {
  constexpr std::size_t kColumn = 14;
  const auto& options = task.options;
  std::string text = task.name + "\n";
  const auto line = [&](std::string_view name, std::string_view value) {
    text.append("  ").append(name).append(kColumn - name.size(), ' ').append(value).append("\n");
  };
  line("queue", options.queue);
  line("priority", words_for(options.priority));
  line("delivery", words_for(options.delivery));
  line("database", !options.database.empty() ? options.database : "the one it joins, else the app's default");
  line("transaction", options.transactional ? "yes" : "no");
  line("expires", options.expires ? in_words(*options.expires) + " after the call" : "never");
  line("time_limit", limit_in_words(options.time_limit));
  line("soft limit", limit_in_words(options.soft_time_limit));
  if (const auto limits = limits_in_words(task); !limits.empty()) line("limits", limits);
  line("max_retries", std::to_string(options.max_retries));
  line("retry_for",
       options.retry_for ? in_words(*options.retry_for) + " from the first failure" : "no bound");
  line("backoff", words_for(options.backoff));
  line("countdowns", countdowns_of(options));
  line("retried", retried_errors(options));
  line("on_failure", task.on_failure ? "has a hook" : "no hook");
  if (task.batch) line("batches", "up to " + std::to_string(task.batch->most) + " jobs in a transaction");
  if (!task.bind) line("body", "none in this library: its jobs wait for a worker that has one");
  return text;
}

}  // namespace

std::string list_tasks(App& app) {
  std::string text;
  for (const auto& name : app.core().task_names())
    text += (text.empty() ? "" : "\n") + describe(*app.core().find_task(name));
  return text.empty() ? "app '" + app.name() + "' declares no tasks\n" : text;
}

}  // namespace aftercommit::worker
