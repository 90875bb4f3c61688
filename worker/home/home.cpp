#include "worker/home/home.hpp"

#include <cstdlib>
#include <exception>
#include <optional>
#include <pqxx/except>
#include <set>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "base/text/secrets.hpp"
#include "base/text/text.hpp"
#include "broker/contract/broker.hpp"
#include "broker/contract/shard_entry.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/home.hpp"
#include "client/postgres/error_text.hpp"
#include "client/settings/command_hint.hpp"
#include "client/transaction/read_only.hpp"

namespace aftercommit::worker {
namespace {

using Kind = HomeFinding::Kind;

constexpr int kChecksWithoutApp = 12;

constexpr std::string_view kApart =
    "Give one of them queues of its own, or a prefix in Redis (redis://...?prefix=NAME) and a schema "
    "(--schema "
    "NAME) of its own";

constexpr std::string_view kUnread =
    "a database does not say whose it is; what was known of it stands, and it is asked again with each "
    "heartbeat";
constexpr std::string_view kUnentered =
    "the name of this app cannot be entered in a database, so that others do not see it there; trying again "
    "with each heartbeat";

std::string may_not_be_entered(const Database& database, const std::exception& error) {
  return "the name of this app could not be entered in database '" + database.alias() +
         "', so that others do not see it there: " + detail::first_line(error) +
         "; grant this role SELECT, INSERT, UPDATE on the table app of schema " + database.options().schema;
}

/// What `ask` gives back; nothing where the database is away, as those say who need it, or fails otherwise,
/// which is said once an outage.
template <class Ask>
auto ask_or_tell(SaidOnce& trouble, const std::string& alias, Ask&& ask) -> std::optional<decltype(ask())> {
  try {
    auto answer = ask();
    trouble.succeeded();
    return answer;
  } catch (const DatabaseUnavailable&) {
    // They say so.
  } catch (const pqxx::broken_connection&) {
    // The same, in the midst of it.
  } catch (...) {
    trouble.failed(alias);
  }
  return std::nullopt;
}

bool is_elsewhere(const HomeFinding& finding) {
  return finding.kind == Kind::kOtherDatabase || finding.kind == Kind::kCopy;
}

}  // namespace

Home::Home(App& app, std::vector<Queue> queues, bool runs_tasks)
    : app_{app}, queues_{std::move(queues)}, runs_tasks_{runs_tasks} {
  const Shards shards{app.options().redis_url};
  for (const auto& shard : shards.all()) {
    asked_.push_back(std::make_unique<Asked>(shard));
    asked_.back()->broker = make_broker(shard.url);
  }
}

Home::Findings Home::ask(Asked& asked, const HomeClaim& claim, const std::vector<Queue>& queues) {
  const std::lock_guard lock{asked.mutex};
  return asked.broker->claim_home(claim, queues);
}

/// One that is away is asked when it is back: until then no job of it is fetched, and what it said stands.
Home::Answer Home::ask_all(const HomeClaim& claim, const HomeClaim& full) {
  Answer answer{.found = Findings(queues_.size()), .of = {}};
  std::exception_ptr away;
  for (const auto& asked : asked_) {
    if (asked_.size() > 1 && shard_is_away(asked->shard.state)) continue;
    try {
      asked->said = ask(*asked, asked->known ? claim : full, queues_);
      answer.of.push_back(asked.get());
    } catch (const BrokerUnavailable&) {
      away = std::current_exception();
    } catch (const BrokerRefused&) {
      if (asked_.size() == 1) throw;
      away = std::current_exception();  // the others are asked all the same
    }
  }
  if (answer.of.empty() && away) std::rethrow_exception(away);
  for (const auto& asked : asked_) {
    for (std::size_t i = 0; i < asked->said.size(); ++i)
      std::ranges::copy(asked->said[i], std::back_inserter(answer.found[i]));
  }
  return answer;
}

/// While none of them answers, a worker whose jobs are in tables runs these.
Home::Answer Home::ask_all_at_start(const HomeClaim& full) {
  try {
    return ask_all(full, full);
  } catch (const BrokerUnavailable&) {
    if (databases_.empty() || !runs_tasks_) throw;
    return {};
  }
}

void Home::noted(const Answer& answer) {
  for (auto* const asked : answer.of) asked->known = true;
  changed_.notify_all();
}

bool Home::all_known() const noexcept {
  return std::ranges::all_of(asked_, [](const auto& asked) { return asked->known.load(); });
}

bool Home::may_learn() const noexcept {
  return std::ranges::any_of(asked_, [&](const auto& asked) {
    return !asked->known && !(asked_.size() > 1 && shard_is_away(asked->shard.state));
  });
}

bool Home::wait_until_known(std::size_t server, std::chrono::milliseconds patience,
                            const std::stop_token& stop) {
  const auto& known = asked_.at(server)->known;
  if (known) return true;
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, stop, patience, [&] { return known.load(); });
}

HomeClaim Home::claim(bool with_app) const {
  HomeClaim claim;
  if (with_app && runs_tasks_) {
    claim.app = clean_text(app_.name(), 64);
    claim.tasks = app_.core().task_names();
  }
  for (const auto& [alias, database] : databases_) claim.databases.push_back(database);
  return claim;
}

void Home::read_databases() {
  std::exception_ptr away;
  for (const auto& [alias, database] : app_.core().databases()) {
    try {
      databases_[alias] = detail::read_home(*database);
    } catch (const DatabaseUnavailable&) {
      databases_.erase(alias);
      unentered_.push_back(alias);
      away = std::current_exception();
    }
  }
  if (databases_.empty() && away) std::rethrow_exception(away);
}

std::vector<std::string> Home::enter() {
  const std::lock_guard lock{mutex_};
  std::set<std::string> warnings;
  try {
    read_databases();
    const auto claim = this->claim(true);
    for (const auto& [alias, home] : databases_) {
      if (claim.app.empty()) break;
      for (const auto& other : detail::find_other_apps(app_.core().database(alias), claim, queues_)) {
        const auto kind = other.same_task.empty() ? Kind::kOtherApp : Kind::kSameTask;
        const auto sentence = other_app(other.queue, {kind, other.name, other.same_task});
        if (kind == Kind::kSameTask) throw UsageError{sentence};
        warnings.insert(sentence);
      }
    }
    const auto answer = ask_all_at_start(claim);
    for (std::size_t i = 0; const auto& of_queue : answer.found) {
      const auto& queue = queues_[i++];
      for (const auto& finding : of_queue) {
        if (is_elsewhere(finding)) throw UsageError{other_database(queue, finding)};
        if (finding.kind == Kind::kSameTask) throw UsageError{other_app(queue, finding)};
        warnings.insert(other_app(queue, finding));
      }
    }
    for (const auto& [alias, home] : databases_) {
      if (claim.app.empty()) break;
      auto& database = app_.core().database(alias);
      try {
        detail::enter_app(database, claim, queues_);
      } catch (const DatabaseUnavailable& error) {
        if (detail::why_read_only(database).empty()) throw;
        unentered_.push_back(alias);  // its jobs wait until it does, and so can this
        warnings.insert(
            "the name of this app could not be entered yet, so that others do not see it there: " +
            detail::first_line(error));
      } catch (const pqxx::insufficient_privilege& error) {
        warnings.insert(may_not_be_entered(database, error));
      }
    }
    noted(answer);
  } catch (const UsageError&) {
    throw;
  } catch (const ConfigError&) {
    throw;
  } catch (const std::exception& error) {
    throw ConfigError{"cannot find out whose the queues are: " + detail::first_line(error)};
  }
  return {warnings.begin(), warnings.end()};
}

/// Where that had to wait at the start.
void Home::enter_late() {
  if (unentered_.empty()) return;
  HomeClaim mine;
  {
    const std::lock_guard lock{mutex_};
    mine = claim(true);
  }
  std::erase_if(unentered_, [&](const std::string& alias) {
    auto& database = app_.core().database(alias);
    auto& trouble = unentered_troubles_.try_emplace(alias, kUnentered).first->second;
    return ask_or_tell(
               trouble, alias,
               [&] {
                 try {
                   detail::enter_app(database, mine, queues_);
                 } catch (const pqxx::insufficient_privilege& error) {  // it will do no better another time
                   log(LogLevel::kWarning, may_not_be_entered(database, error));
                 }
                 return true;
               })
        .has_value();
  });
}

void Home::check() {
  enter_late();
  std::map<std::string, HomeDatabase> seen;  // asked without the lock: a database may take its time
  for (const auto& [alias, database] : app_.core().databases()) {
    auto& trouble = read_troubles_.try_emplace(alias, kUnread).first->second;
    auto home = ask_or_tell(trouble, alias, [&db = *database] { return detail::read_home(db); });
    // No job can be taken for done without its answer.
    if (home) seen.emplace(alias, std::move(*home));
  }
  HomeClaim mine;
  HomeClaim full;
  {
    const std::lock_guard lock{mutex_};
    for (auto& [alias, home] : seen) databases_[alias] = std::move(home);
    // The names of all tasks, for each queue, would be much to send each time.
    mine = claim(checks_++ % kChecksWithoutApp == 0);
    if (!all_known()) full = claim(true);
  }
  const auto answer = ask_all(mine, full);
  const std::lock_guard lock{mutex_};
  note(queues_, answer.found);
  noted(answer);
}

bool Home::vouches_for(const HomeDatabase& answer, const Queue& queue, std::string_view entry) {
  if (answer.token.empty()) return false;
  HomeClaim mine;
  {
    const std::lock_guard lock{mutex_};
    const auto known = databases_.find(answer.alias);
    if (known == databases_.end()) return false;
    known->second.token = answer.token;
    known->second.instance = answer.instance;
    mine.databases.push_back(known->second);
  }
  try {
    const std::vector<Queue> queues{queue};
    const auto number = asked_.size() > 1 ? ShardEntry::parse(entry).shard : 0;
    const auto found = ask(*asked_.at(number), mine, queues);
    if (found[0].empty()) return true;
    const std::lock_guard lock{mutex_};
    note(queues, found);
  } catch (const Error&) {
    // The broker is away: nothing can be settled either.
  }
  return false;
}

void Home::wait_until_right(const std::stop_token& stop) {
  if (right_) return;
  std::unique_lock lock{mutex_};
  changed_.wait(lock, stop, [&] { return right_.load(); });
}

void Home::note(const std::vector<Queue>& queues, const Findings& findings) {
  std::string wrong;
  std::string same;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    for (const auto& finding : findings[i]) {
      if (is_elsewhere(finding) && wrong.empty()) wrong = other_database(queues[i], finding);
      if (finding.kind == Kind::kSameTask && same.empty()) same = other_app(queues[i], finding);
    }
  }
  if (!wrong.empty() && wrong != said_wrong_)
    log(LogLevel::kError, "no jobs are run until this is set right", {{"error", wrong}});
  if (!same.empty() && std::exchange(said_same_, same) != same)
    log(LogLevel::kError, "two apps serve one queue", {{"error", same}});
  if (!right_ && wrong.empty())
    log(LogLevel::kInfo, "the queues belong to these databases; jobs are run again");
  said_wrong_ = wrong;
  right_ = wrong.empty();
  changed_.notify_all();
}

std::string Home::other_database(const Queue& queue, const HomeFinding& finding) const {
  const auto ours = databases_.find(finding.subject);
  const auto here = ours == databases_.end() ? HomeDatabase{"", "", "unknown"} : ours->second;
  const auto adopt = "run `" + adopt_command(queue, finding.subject) + "`";
  if (finding.kind == Kind::kCopy) {
    return "queue '" + queue +
           "' holds jobs of a database that is not this one, though both have one token: '" +
           finding.subject + "' is " + finding.detail + " (" + finding.instance +
           ") for those who have served it, and " + here.where + " (" + here.instance +
           ") here.  If this is a copy, for tests say, give it a Redis of its own, and a token by `" +
           detail::command_for(app_.database(finding.subject), "new-token") +
           "`; if it takes the place of the other, after a restore or pg_upgrade say, " + adopt;
  }
  return "queue '" + queue + "' holds jobs of another database: '" + finding.subject + "' is " +
         finding.detail + " for those who have served it, and " + here.where +
         " here.  Mend the URL of Redis or of the database; if the jobs have really moved there, " + adopt;
}

std::string Home::other_app(const Queue& queue, const HomeFinding& finding) const {
  const auto& aliases = app_.core().databases();
  const auto subject = "app '" + finding.subject + "' has workers for queue '" + queue + "' too";
  const auto command = adopt_command(queue, aliases.empty() ? std::string_view{} : aliases.begin()->first);
  if (finding.kind == Kind::kSameTask) {
    return subject + ", and declares the task '" + finding.detail + "' as app '" + app_.name() +
           "' does: each would run the jobs of the other.  " + std::string{kApart} +
           "; if it is the same app under another name, or is no more, run `" + command + "`";
  }
  return subject + ", beside app '" + app_.name() + "': each gets jobs that only the other can run.  " +
         std::string{kApart} + "; if it is no more, run `" + command + "`";
}

std::string Home::adopt_command(const Queue& queue, std::string_view alias) const {
  const auto command = "adopt --queue " + queue;
  auto line = alias.empty() ? "aftercommit " + command : detail::command_for(app_.database(alias), command);
  const char* const known = std::getenv("REDIS_URL");
  const auto& url = app_.options().redis_url;
  if (known == nullptr || url != known) line += " --redis " + detail::shell_word(masked_url(url));
  return line;
}

}  // namespace aftercommit::worker
