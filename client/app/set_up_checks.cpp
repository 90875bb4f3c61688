#include "client/app/set_up_checks.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "aftercommit/error.hpp"
#include "broker/contract/broker.hpp"
#include "client/job_table/migrations.hpp"
#include "client/postgres/connection_url.hpp"
#include "client/postgres/error_text.hpp"
#include "client/transaction/read_only.hpp"

namespace aftercommit::detail {
namespace {

/// Shared with threads that may be left behind.
struct Looks {
  explicit Looks(std::size_t count) : findings{count} {}

  std::mutex mutex;  // protects what follows
  std::condition_variable changed;
  std::vector<std::optional<SetUpFinding>> findings;

  bool complete() const {
    return std::ranges::all_of(findings, [](const auto& finding) { return finding.has_value(); });
  }
};

SetUpFinding finding_of(const SetUpCheck& check) {
  try {
    return {.warnings = check.look(), .trouble = {}};
  } catch (const BrokerUnavailable& error) {
    return {.warnings = {}, .trouble = error.what(), .away = true};
  } catch (const DatabaseUnavailable& error) {
    return {.warnings = {}, .trouble = error.what(), .away = true};
  } catch (const Error& error) {
    return {.warnings = {}, .trouble = error.what()};
  } catch (const std::exception& error) {  // what the server said to a statement
    return {.warnings = {}, .trouble = check.subject + ": " + first_line(error)};
  }
}

void look(const std::shared_ptr<Looks>& looks, std::size_t index, const SetUpCheck& check) {
  auto finding = finding_of(check);
  const std::lock_guard lock{looks->mutex};
  looks->findings[index] = std::move(finding);
  looks->changed.notify_all();
}

}  // namespace

SetUpCheck broker_check(const std::string& url) {
  return {.subject = "the broker", .look = [url] { return make_broker(url)->check(); }};
}

SetUpCheck database_check(const Database& database, bool tables) {
  auto options = database.options();
  options.connect_timeout = std::min(options.connect_timeout, std::chrono::seconds{4});
  return {
      .subject = "database '" + database.alias() + "'",
      .look = [options, alias = database.alias(), tables]() -> std::vector<std::string> {
        Database own{options, alias};
        const auto read_only = why_read_only(own);
        if (tables) check_schema(own);
        std::vector<std::string> warnings;
        if (may_lead_to_a_standby(options.url)) {
          warnings.push_back("the URL of database '" + alias +
                             "' names several hosts and not which of them is wanted, so that a connection "
                             "may lead to a standby, which takes no writes: " +
                             kAskForThePrimary);
        }
        if (!read_only.empty()) {
          warnings.push_back("a database takes no writes, so that no job can run on it until it does: " +
                             read_only);
        }
        return warnings;
      }};
}

std::vector<SetUpFinding> look_at_all(std::vector<SetUpCheck> checks, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto looks = std::make_shared<Looks>(checks.size());
  for (std::size_t i = 0; i < checks.size(); ++i) {
    try {
      std::thread{[looks, i, check = checks[i]] { look(looks, i, check); }}.detach();
    } catch (const std::system_error&) {
      look(looks, i, checks[i]);  // no thread to be had: one after the other
    }
  }
  std::unique_lock lock{looks->mutex};
  looks->changed.wait_until(lock, deadline, [&] { return looks->complete(); });
  std::vector<SetUpFinding> findings;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    findings.push_back(looks->findings[i].value_or(SetUpFinding{
        .warnings = {},
        .trouble = checks[i].subject + " did not answer within " + std::to_string(patience.count()) +
                   " ms: it is stopped, overloaded or cut off",
        .away = true}));
  }
  return findings;
}

std::string in_lines(const std::vector<std::string>& troubles) {
  std::string all;
  for (const auto& trouble : troubles) all += (all.empty() ? "" : "\n") + trouble;
  return all;
}

void throw_all(const std::vector<std::string>& troubles) {
  if (!troubles.empty()) throw ConfigError{in_lines(troubles)};
}

std::vector<std::string> troubles_of(std::span<const SetUpFinding> findings) {
  std::vector<std::string> troubles;
  for (const auto& finding : findings) {
    if (!finding.trouble.empty()) troubles.push_back(finding.trouble);
  }
  return troubles;
}

}  // namespace aftercommit::detail
