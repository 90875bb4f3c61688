/// Settings of PostgreSQL that end what a task is at.
#include "base/in_seconds.hpp"
#include "operate/doctor/number.hpp"
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// One that is in ms, where 0 means never.
std::optional<milliseconds> timeout_of(const PostgresReport& postgres, const char* name) {
  const auto value = whole_number(postgres.setting(name));
  if (!value || *value == 0) return std::nullopt;
  return milliseconds{*value};
}

void look_at_timeout(const PostgresReport& postgres, const char* name, milliseconds short_one,
                     const char* why, Notes& notes) {
  const auto time = timeout_of(postgres, name);
  if (!time) return;
  const auto value = in_seconds(*time) + " s";
  notes.fact(name, value);
  if (*time >= short_one) return;
  notes.found(Severity::kWarning, name, value, why,
              std::string{"Give the role of the workers a longer one: ALTER ROLE ... SET "} + name + " = 0.");
}

}  // namespace

void look_at_timeouts(const PostgresReport& postgres, Notes& notes) {
  look_at_timeout(postgres, "idle_in_transaction_session_timeout", 60s,
                  "A task that waits for something else in the midst of its transaction, such as an HTTP "
                  "call, loses its session, and its attempt fails.",
                  notes);
  look_at_timeout(postgres, "transaction_timeout", 10min,
                  "A task that takes longer than that is ended, and its attempt fails.", notes);
  look_at_timeout(postgres, "statement_timeout", 10s,
                  "It counts for the library's own statements as well: claims of jobs that wait for a lock, "
                  "and looks of relays at long tables.",
                  notes);
  look_at_timeout(postgres, "lock_timeout", 1s,
                  "Claims of jobs that another transaction still has fail, instead of waiting for a moment.",
                  notes);
  look_at_timeout(
      postgres, "idle_session_timeout", 5min,
      "Idle connections of pools are ended; the next statement costs a new one, and a relay stops "
      "to hear of jobs for a moment.",
      notes);
}

}  // namespace aftercommit::operate
