#include "dashboard/filters.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "base/text/text.hpp"

namespace aftercommit::dashboard {
namespace {

constexpr std::size_t kLongestText = 200;

std::optional<std::int64_t> whole(const std::string& text, const char* name) {
  if (text.empty()) return {};
  constexpr std::int64_t kMost = 4'000'000'000'000;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0 || number > kMost) {
    throw Refusal{400, std::string{"'"} + name + "' has to be a whole number of ms"};
  }
  return number;
}

std::string name_of(std::string text, const char* name) {
  if (text.empty() || valid_name(text)) return text;
  throw Refusal{400, std::string{"'"} + name + "' has to be a name: 1 to 64 of a-z A-Z 0-9 _ . -"};
}

std::string text_within(std::string text, const char* name) {
  if (text.size() <= kLongestText && valid_utf8(text) && text.find('\0') == std::string::npos) return text;
  throw Refusal{400, std::string{"'"} + name + "' has to be a text of at most 200 bytes"};
}

}  // namespace

operate::LookBounds page_bounds(std::optional<std::vector<Queue>> queues) {
  return {.rows = 20'000,
          .statement = std::chrono::milliseconds{1000},
          .parts = 200,  // of up to a dozen commands each
          .queues = std::move(queues)};
}

operate::JobHint hint_of(const Request& request) {
  operate::JobHint hint{.queue = name_of(request.value("queue"), "queue"), .after = request.value("after")};
  if (const auto at = whole(request.value("died_at_ms"), "died_at_ms")) {
    hint.died_at = operate::JobFilter::Time{std::chrono::milliseconds{*at}};
  }
  return hint;
}

operate::JobFilter filter_of(const std::function<std::string(const char*)>& value,
                             const Redaction& redaction) {
  using std::chrono::milliseconds;
  operate::JobFilter filter{.queue = name_of(value("queue"), "queue"),
                            .task = name_of(value("task"), "task"),
                            .argument = text_within(value("argument"), "argument"),
                            .error = text_within(value("error"), "error")};
  if (!filter.argument.empty() && !redaction.shows_args()) {
    throw Refusal{403, "arguments are hidden here, so they cannot be searched either: see --show-args"};
  }
  if (!filter.argument.empty() && redaction.has_rules()) {  // else a search would tell what they hide
    filter.searched_args = [&redaction](const auto& job) { return redaction.searched(job.task, job.args); };
  }
  if (const auto state = value("state"); !state.empty()) {
    filter.state = operate::standing_of(state);
    if (!filter.state) throw Refusal{400, "'state' is none that a job can have"};
  }
  const auto now = std::chrono::system_clock::now();
  if (const auto age = whole(value("older_ms"), "older_ms")) filter.before = now - milliseconds{*age};
  if (const auto age = whole(value("newer_ms"), "newer_ms")) filter.since = now - milliseconds{*age};
  if (const auto at = whole(value("before_ms"), "before_ms")) {
    const operate::JobFilter::Time time{milliseconds{*at}};
    if (!filter.before || time < *filter.before) filter.before = time;
  }
  return filter;
}

std::size_t limit_of(const Request& request) {
  constexpr std::int64_t kUsual = 50;
  constexpr std::int64_t kMost = 200;
  const auto limit = whole(request.value("limit"), "limit").value_or(kUsual);
  if (limit < 1 || limit > kMost) throw Refusal{400, "'limit' has to be a whole number from 1 to 200"};
  return static_cast<std::size_t>(limit);
}

}  // namespace aftercommit::dashboard
