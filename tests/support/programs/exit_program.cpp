/// A program that uses its app and databases when main has returned.  Says on standard output what became of
/// it.
///   exit_program <who> <what> <used>     who and what: see below; used: main has run a statement before
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include "aftercommit/aftercommit.hpp"
#include "aftercommit/log.hpp"

namespace aftercommit::support {
namespace {

void say(std::string_view text) {
  const std::string line = std::string{text} + "\n";
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::abort();
}

/// Runs it when destroyed, which throws nothing.
struct AtEnd {
  std::function<void()> run;
  ~AtEnd() {
    if (!run) return;
    try {
      run();
      say("worked");
    } catch (const UsageError& error) {
      say(std::string{"UsageError: "} + error.what());
    } catch (const std::exception& error) {
      say(std::string{"error: "} + error.what());
    }
  }
};

AtEnd older;
App app{"exits",
        {.databases = {{"default", {.url = std::getenv("DATABASE_URL"), .schema = std::getenv("SCHEMA")}}}}};
const Task<long> receipt = app.task<long>("receipt");
Database static_database{{.url = std::getenv("DATABASE_URL")}, "static"};
AtEnd younger;
AtEnd of_exit_handler;
thread_local AtEnd of_thread;

std::function<void()> action(const std::string& what) {
  if (what == "statement") return [] { app.database().exec("INSERT INTO payment VALUES (1)"); };
  if (what == "block")
    return [] { app.database().atomic([](Transaction& tx) { tx.exec("INSERT INTO payment VALUES (1)"); }); };
  if (what == "durable job") return [] { receipt.delay(1); };
  if (what == "job on commit") return [] { receipt.apply_async({.delivery = Delivery::kOnCommit}, 1); };
  if (what == "job at once") return [] { receipt.apply_async({.delivery = Delivery::kImmediate}, 1); };
  if (what == "static database") return [] { static_database.exec("INSERT INTO payment VALUES (1)"); };
  if (what == "log") return [] { log(LogLevel::kError, "at the end", {{"job", JobId::generate().str()}}); };
  if (what == "nothing") return {};
  std::abort();
}

void run(const std::string& who, const std::string& what, bool used) {
  if (who == "early exit handler") std::atexit([] { AtEnd{std::move(of_exit_handler.run)}; });
  if (who == "thread") of_thread.run = action(what);  // before the library has anything for this thread
  if (used) {
    app.database().exec("SELECT 1");
    receipt.delay(0);
    static_database.exec("SELECT 1");
  }
  if (who == "older object") older.run = action(what);
  if (who == "younger object") younger.run = action(what);
  if (who == "late exit handler") std::atexit([] { AtEnd{std::move(of_exit_handler.run)}; });
  if (who.ends_with("exit handler")) of_exit_handler.run = action(what);
  if (who == "local object") {
    static AtEnd local;
    local.run = action(what);
  }
  if (who == "open block") {
    static Atomic block{app.database()};
    block->exec("INSERT INTO payment VALUES (1)");
  }
}

}  // namespace
}  // namespace aftercommit::support

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  aftercommit::support::run(argv[1], argv[2], std::string_view{argv[3]} == "used");
  return 0;
}
