#include "dashboard/metrics.hpp"

#include <httplib.h>

#include <charconv>
#include <chrono>
#include <system_error>

#include "aftercommit/error.hpp"
#include "base/text/secrets.hpp"

namespace aftercommit::dashboard {
namespace {

constexpr std::size_t kMostBytes = 4UL * 1024 * 1024;
constexpr std::size_t kMostNames = 2000;

bool is_of_name(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '_' || character == ':';
}

/// The value of the label `outcome`, which is one of our own words; empty: there is none.
std::string_view outcome_in(std::string_view labels) {
  constexpr std::string_view kLabel = "outcome=\"";
  for (const std::string_view before : {"{", ","}) {
    const auto at = labels.find(std::string{before} + std::string{kLabel});
    if (at == std::string_view::npos) continue;
    const auto value = labels.substr(at + 1 + kLabel.size());
    return value.substr(0, value.find('"'));
  }
  return {};
}

/// What follows the labels: quotes in them may hold a brace.
std::string_view after_labels(std::string_view text) {
  if (!text.starts_with('{')) return text;
  bool quoted = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == '}') {
      return text.substr(i + 1);
    }
  }
  return {};
}

}  // namespace

std::map<std::string, double> sums_of_metrics(std::string_view text) {
  std::map<std::string, double> sums;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    std::size_t length = 0;
    while (length < line.size() && is_of_name(line[length])) ++length;
    if (length == 0) continue;  // an empty line, or a comment
    auto rest = after_labels(line.substr(length));
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    double value = 0;
    const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc{} || stop == rest.data() || !(value >= 0 || value < 0)) continue;  // NaN is none
    std::string name{line.substr(0, length)};
    if (const auto outcome = outcome_in(line.substr(length)); !outcome.empty() && sums.size() < kMostNames) {
      sums[name + "{outcome=" + std::string{outcome} + "}"] += value;
    }
    if (sums.size() < kMostNames || sums.contains(name)) sums[std::move(name)] += value;
  }
  return sums;
}

Metrics::Metrics(const std::vector<std::string>& urls) {
  constexpr std::string_view kScheme = "http://";
  for (const auto& url : urls) {
    const auto slash = url.find('/', kScheme.size());
    if (!url.starts_with(kScheme) || slash == kScheme.size() || url.size() == kScheme.size() ||
        url.find('@') != std::string::npos) {
      throw UsageError{"--metrics takes the metrics of a worker, as http://10.0.0.7:9464/metrics, not '" +
                       shown_argument(url) + "'"};
    }
    places_.push_back({.server = url.substr(0, slash),
                       .path = slash == std::string::npos ? "/metrics" : url.substr(slash)});
  }
}

Metrics::Seen Metrics::look(const std::stop_token& stop) const {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds kPatience{3};
  Seen seen{.sums = {}, .answered = 0, .asked = places_.size()};
  for (const auto& place : places_) {
    if (stop.stop_requested()) break;
    const auto until = Clock::now() + kPatience;
    httplib::Client client{place.server};
    client.set_connection_timeout(std::chrono::seconds{1});
    client.set_read_timeout(std::chrono::seconds{1});
    std::string text;
    const auto result = client.Get(place.path, [&](const char* data, std::size_t size) {
      if (text.size() + size > kMostBytes || Clock::now() > until) return false;
      text.append(data, size);
      return true;
    });
    if (!result || result->status != 200) continue;
    ++seen.answered;
    for (const auto& [name, value] : sums_of_metrics(text)) seen.sums[name] += value;
  }
  return seen;
}

}  // namespace aftercommit::dashboard
