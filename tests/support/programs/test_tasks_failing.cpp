/// How the test tasks fail.
#include <chrono>
#include <exception>
#include <optional>
#include <string>

#include "support/programs/test_task_bodies.hpp"

namespace aftercommit::support {

void define_failing_tasks() {
  tasks.fail.run([](Job& job, long value, const std::string& text) {
    begin(job, value);
    throw DeliberateFailure{text};
  });
  tasks.throw_int.run([](Job& job, long value) {
    begin(job, value);
    throw 42;
  });
  tasks.succeed_at.run([](Job& job, long value, int attempt) {
    begin(job, value);
    if (job.attempt() < attempt) throw DeliberateFailure{"attempt " + std::to_string(job.attempt())};
  });
  const auto fail = [](Job& job, long value) {
    begin(job, value);
    throw DeliberateFailure{"as always"};
  };
  tasks.fail_exponentially.run(fail);
  tasks.fail_for_ever.run(fail);
  tasks.fail_in_sql.run([](Job& job, long value, const std::string& text) {
    begin(job, value);
    job.transaction().exec("SELECT $1::int", text);
  });
  tasks.retry.run([](Job& job, long value, std::optional<long> countdown_ms) {
    begin(job, value);
    if (job.attempt() > 1) return;
    if (!countdown_ms) throw Retry{"come back"};
    throw Retry{"come back", std::chrono::milliseconds{*countdown_ms}};
  });
  tasks.reject.run([](Job& job, long value) {
    begin(job, value);
    throw Reject{"there is no such customer"};
  });
  tasks.throw_without_text.run([](Job& job, long value) {
    struct Silent : std::exception {
      const char* what() const noexcept override { return nullptr; }
    };
    begin(job, value);
    throw Silent{};
  });
}

}  // namespace aftercommit::support
