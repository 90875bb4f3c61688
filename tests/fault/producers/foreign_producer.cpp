/// A program that asks for jobs in transactions which are not the library's, to be killed by tests:
/// foreign_producer KIND INTENTS SEED FIRST COUNT [PAUSE_MS].  KIND: pqxx and libpq ask by the handles of
/// tasks, sql by the function of the schema.  Finds the database in DATABASE_URL; goes on whatever that
/// answers.
#include <libpq-fe.h>

#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <string_view>

#include "aftercommit/foreign/libpq.hpp"
#include "aftercommit/foreign/pqxx.hpp"
#include "fault/harness/dice.hpp"
#include "fault/harness/fault_tasks.hpp"
#include "fault/harness/intent.hpp"

namespace aftercommit::fault {
namespace {

using std::chrono::milliseconds;

/// Transactions of one driver.  Each call throws what that does.
class Driver {
 public:
  virtual ~Driver() = default;
  virtual void begin() = 0;
  virtual void run(const std::string& sql) = 0;
  virtual std::string ask(const Task<long>& task, const CallOptions& options, long slot) = 0;
  /// What `body` does is taken back, and nothing else.
  virtual void in_vain(const std::function<void()>& body) = 0;
  virtual void commit() = 0;
  virtual void roll_back() = 0;
};

class PqxxDriver final : public Driver {
 public:
  explicit PqxxDriver(const std::string& url) : connection_{url} {}

  void begin() override { work_.emplace(connection_); }
  void run(const std::string& sql) override { work_->exec(sql); }
  std::string ask(const Task<long>& task, const CallOptions& options, long slot) override {
    pqxx::transaction_base& innermost =
        inner_ != nullptr ? *inner_ : static_cast<pqxx::transaction_base&>(*work_);
    return task.apply_async_in(innermost, options, slot).str();
  }
  void in_vain(const std::function<void()>& body) override {
    pqxx::subtransaction inner{*work_};
    inner_ = &inner;
    body();
    inner_ = nullptr;
    inner.abort();
  }
  void commit() override { work_->commit(); }
  void roll_back() override { work_->abort(); }

 private:
  pqxx::connection connection_;
  std::optional<pqxx::work> work_;
  pqxx::transaction_base* inner_ = nullptr;  // not owned
};

class LibpqDriver : public Driver {
 public:
  explicit LibpqDriver(const std::string& url) : connection_{::PQconnectdb(url.c_str()), &::PQfinish} {
    if (::PQstatus(connection_.get()) != CONNECTION_OK) throw std::runtime_error{"no connection"};
  }

  void begin() override { run("BEGIN"); }
  void run(const std::string& sql) override { first_of(::PQexec(connection_.get(), sql.c_str())); }
  std::string ask(const Task<long>& task, const CallOptions& options, long slot) override {
    return task.apply_async_in(connection_.get(), options, slot).str();
  }
  void in_vain(const std::function<void()>& body) override {
    run("SAVEPOINT in_vain");
    body();
    run("ROLLBACK TO in_vain");
  }
  void commit() override { run("COMMIT"); }
  void roll_back() override { run("ROLLBACK"); }

 protected:
  PGconn* connection() const { return connection_.get(); }
  /// The first value of an answer; empty where it has none.
  static std::string first_of(PGresult* answer) {
    const std::unique_ptr<PGresult, decltype(&::PQclear)> held{answer, &::PQclear};
    const auto status = ::PQresultStatus(answer);
    if (status == PGRES_TUPLES_OK && ::PQntuples(answer) > 0) return ::PQgetvalue(answer, 0, 0);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error{"refused"};
    return {};
  }

 private:
  std::unique_ptr<PGconn, decltype(&::PQfinish)> connection_;
};

/// As a program in any language would.
class SqlDriver final : public LibpqDriver {
 public:
  using LibpqDriver::LibpqDriver;

  std::string ask(const Task<long>& task, const CallOptions& options, long slot) override {
    const auto args = "[" + std::to_string(slot) + "]";
    const auto wait = std::to_string(options.countdown.value_or(milliseconds{0}).count());
    const char* const values[] = {task.name().c_str(), args.c_str(), kLoadQueue, wait.c_str()};
    return first_of(::PQexecParams(
        connection(),
        "SELECT aftercommit.enqueue($1::text, $2::text, queue => $3, countdown => $4::int * interval '1 ms')",
        4, nullptr, values, nullptr, nullptr, 0));
  }
};

std::unique_ptr<Driver> connect(std::string_view kind) {
  const char* const url = std::getenv("DATABASE_URL");
  if (url == nullptr) throw std::runtime_error{"DATABASE_URL is not set"};
  if (kind == "pqxx") return std::make_unique<PqxxDriver>(url);
  if (kind == "libpq") return std::make_unique<LibpqDriver>(url);
  return std::make_unique<SqlDriver>(url);
}

long long since_1970() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Runs transactions number by number, each drawn from the seed and its number alone.
class ForeignLoad {
 public:
  ForeignLoad(std::string kind, IntentFile& file, std::uint64_t seed, const FaultTasks& tasks)
      : kind_{std::move(kind)}, file_{file}, seed_{seed}, tasks_{tasks} {}

  Outcome produce(long number) {
    Dice dice{seed_, number};
    Intent intent{.number = number, .commits = !dice.falls(0.3)};
    bool may_stand = false;
    try {
      if (!driver_) driver_ = connect(kind_);
      driver_->begin();
      driver_->run("INSERT INTO biz(tx) VALUES (" + std::to_string(number) + ")");
      for (long left = dice.between(1, 3); left > 0; --left) ask(dice, intent);
      if (dice.falls(0.2)) {
        driver_->in_vain([&] { ask(dice, intent); });
        intent.jobs.back().rolled_back = true;
      }
      file_.note_wish(intent);
      if (intent.commits) {
        may_stand = true;
        driver_->commit();
        intent.outcome = Outcome::kOk;
      } else {
        driver_->roll_back();
        intent.outcome = Outcome::kRolledBack;
      }
    } catch (const std::exception&) {
      intent.outcome = may_stand ? Outcome::kUnknown : Outcome::kError;
      driver_.reset();
    }
    file_.note_outcome(intent);
    return intent.outcome;
  }

 private:
  void ask(Dice& dice, Intent& intent) {
    const auto& task = dice.falls(0.1) ? tasks_.fail_once : tasks_.ok;
    CallOptions options;
    if (dice.falls(0.2)) options.countdown = milliseconds{dice.between(100, 1500)};
    const auto asked = since_1970();
    const auto id = driver_->ask(task, options, dice.between(0, kSlots - 1));
    intent.jobs.push_back({.id = id,
                           .task = task.name(),
                           .asked_ms = asked,
                           .countdown_ms = options.countdown.value_or(milliseconds{0}).count()});
  }

  const std::string kind_;
  IntentFile& file_;  // not owned, as are tasks_
  const std::uint64_t seed_;
  const FaultTasks& tasks_;
  std::unique_ptr<Driver> driver_;  // null: to be made
};

template <class Number>
Number read_number(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void rest(milliseconds length) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable never;
  never.wait_for(lock, length, [] { return false; });
}

}  // namespace
}  // namespace aftercommit::fault

int main(int argc, char** argv) {
  using namespace aftercommit;
  using namespace aftercommit::fault;
  if (argc < 6) {
    std::cerr << "usage: foreign_producer pqxx|libpq|sql INTENTS SEED FIRST COUNT [PAUSE_MS]\n";
    return 2;
  }
  App app{"fault"};
  const FaultTasks tasks{app};
  IntentFile file{argv[2]};
  ForeignLoad load{argv[1], file, read_number<std::uint64_t>(argv[3]), tasks};
  const auto first = read_number<long>(argv[4]);
  const auto count = read_number<long>(argv[5]);
  const std::chrono::milliseconds pause{argc > 6 ? read_number<long>(argv[6]) : 0};
  for (long i = first; i < first + count; ++i) {
    // A server that is away answers at once: do not burn all transactions on it.
    if (load.produce(i) == fault::Outcome::kError) rest(std::chrono::milliseconds{50});
    if (pause.count() > 0) rest(pause);
  }
  return 0;
}
