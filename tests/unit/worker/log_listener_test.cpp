/// What the log says of events: their words, levels and fields.
#include "worker/events/log_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "aftercommit/log.hpp"
#include "base/log/log_format.hpp"
#include "worker/events/events.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::MatchesRegex;
using Why = JobPutOff::Why;

class EventLog : public ::testing::Test {
 protected:
  EventLog() {
    set_log_level(LogLevel::kDebug);
    set_log_handler([this](const LogEvent& event) {
      const auto line = render_text(event, {});
      lines.push_back(line.substr(line.find(' ') + 1));  // without the time
    });
  }
  ~EventLog() override {
    set_log_handler(nullptr);
    set_log_level(LogLevel::kInfo);
  }

  /// The line of this event; empty if there is none.
  std::string said(const Event& event) {
    lines.clear();
    events.tell(event);
    EXPECT_LE(lines.size(), 1U);
    return lines.empty() ? "" : lines.front();
  }
  /// "<level> <message> job_id=<that of job> task=pay<rest>"
  std::string line(const std::string& level_and_message, const std::string& rest = "") const {
    return level_and_message + " job_id=" + job.id.str() + " task=pay" + rest;
  }

  const Envelope job{.id = JobId::generate(), .task = "pay", .args = nlohmann::json::array({"top-secret"})};
  const Reason reason{.text = "no top-secret here\nDETAIL: a row", .args = &job.args};
  Events events{};
  std::vector<std::string> lines;
};

TEST_F(EventLog, NamesEachJobByItsIdAndTask) {
  EXPECT_EQ(said(JobStarted{.job = job, .attempt = 2}), line("debug job started", " attempt=2"));
  EXPECT_EQ(said(JobRerun{.job = job}), line("debug transaction conflict; running the job again at once"));
  EXPECT_EQ(said(JobExpired{.job = job}), line("warning job expired before it started, and was dropped"));
}

TEST_F(EventLog, SaysHowLongAJobTookThatIsDone) {
  EXPECT_THAT(
      said(JobDone{
          .job = job, .queue = "mail", .attempt = 1, .started = std::chrono::steady_clock::now() - 20'123ms}),
      MatchesRegex("info job done job_id=[^ ]+ task=pay queue=mail attempt=1 ms=[0-9]{5,}.*"));
}

TEST_F(EventLog, ShowsOfAnErrorTheFirstLineWithoutTheArguments) {
  EXPECT_EQ(
      said(JobRetried{.job = job,
                      .queue = "mail",
                      .attempt = 1,
                      .countdown = 1500ms,
                      .exception = "std::out_of_range",
                      .reason = reason}),
      line("warning job failed, and will be retried",
           " queue=mail attempt=1 countdown_ms=1500 exception=std::out_of_range error=\"no *** here\""));
  EXPECT_EQ(said(JobTroubleAfterCommit{.job = job, .reason = reason}),
            line("error after the commit of a job: no *** here"));
  EXPECT_EQ(said(JobGivenBack{.job = job, .reason = reason}),
            line("warning job given back: the worker is stopping", " error=\"no *** here\""));
}

TEST_F(EventLog, SaysWhyAJobIsPutOff) {
  const auto put_off = [&](Why why) {
    return said(JobPutOff{.job = job, .queue = "mail", .why = why, .reason = reason, .runs_left = 4});
  };
  EXPECT_EQ(put_off(Why::kLocked), line("info job put off: another transaction has it right now"));
  EXPECT_EQ(put_off(Why::kDatabaseAway),
            line("debug job put off: its database does not serve, which uses up no retry",
                 " error=\"no *** here\""));
  EXPECT_EQ(
      put_off(Why::kCutShort),
      line("warning job put off: its run was cut short by a database, which uses up no retry while such "
           "runs are left",
           " runs_left=4 error=\"no *** here\""));
  EXPECT_EQ(put_off(Why::kRowNotWritten),
            line("warning job put off: its row could not be written, which uses up no retry",
                 " error=\"no *** here\""));
  EXPECT_EQ(put_off(Why::kRowNotRead),
            "warning job put off: it cannot be read, and whether it has a row is not known job_id=" +
                job.id.str() + " queue=mail error=\"no *** here\"");
  EXPECT_EQ(put_off(Why::kForOthers),
            "warning job put back: only another worker can read it; said once job_id=" + job.id.str() +
                " queue=mail reason=\"no *** here\"");
  EXPECT_EQ(
      said(JobOutdated{.job = job, .attempt = 5}),
      line("info job put back: the job table knows a later attempt of it than this copy", " attempt=5"));
}

TEST_F(EventLog, SaysOnceWhatManyJobsWaitFor) {
  EXPECT_EQ(said(JobPutAside{
                .job = job, .why = Hold::kUnknownDatabase, .reason = "database:reports", .first = true}),
            "error jobs name a database that this worker does not have; they wait for one that has it, which "
            "uses up no retry database=reports job_id=" +
                job.id.str() + " task=pay");
  EXPECT_EQ(said(JobPutAside{.job = job, .why = Hold::kUnknownTask, .reason = "task:pay", .first = true}),
            line("warning job put back: this worker knows no such task; said once for each task"));
  EXPECT_EQ(said(JobPutAside{.job = job, .why = Hold::kNoBody, .reason = "task:pay", .first = true}),
            line("warning job put back: the task is declared, but has no body in this worker; said once for "
                 "each task"));
  EXPECT_EQ(said(JobPutAside{.job = job, .why = Hold::kUnknownTask, .reason = "task:pay", .first = false}),
            "");
  JobPutOff unread{.job = job, .queue = "mail", .why = Why::kForOthers, .reason = reason, .first = false};
  EXPECT_EQ(said(unread), "");
}

TEST_F(EventLog, LeavesToOthersWhatTheySay) {
  EXPECT_EQ(
      said(JobPutAside{.job = job, .why = Hold::kDatabaseAway, .reason = "database:reports", .first = false}),
      "");
  EXPECT_EQ(said(JobGivenBack{.job = job, .why = Hold::kNoLease}), "");
}

TEST_F(EventLog, SaysWhatBecameOfAJobThatDoesNotRunAgain) {
  EXPECT_EQ(said(JobSkipped{.job = job, .may_be_dead = false}),
            line("info job skipped: it has taken effect before"));
  EXPECT_EQ(said(JobSkipped{.job = job, .may_be_dead = true}),
            line("info job skipped: it has taken effect before, or is dead"));
  EXPECT_EQ(said(JobBuried{.job = job,
                           .queue = "mail",
                           .cause = DeadLetter::Cause::kRejected,
                           .exception = "",
                           .reason = reason}),
            line("error job buried as a dead letter",
                 " queue=mail cause=rejected exception=none reason=\"no *** here\""));
  EXPECT_EQ(said(JobBuried{.job = {},
                           .queue = "mail",
                           .cause = DeadLetter::Cause::kMalformed,
                           .exception = "",
                           .reason = {.text = "no JSON"}}),
            "error job buried as a dead letter job_id=unknown task=unknown queue=mail cause=malformed "
            "exception=none reason=\"no JSON\"");
}

TEST_F(EventLog, SaysThatAProcessDiedWhileItRanAJob) {
  EXPECT_EQ(said(JobCrashed{.job = job, .how = "SIGSEGV", .crashes = 2}),
            line("error a worker process died while it ran this job", " reason=SIGSEGV crashes=2"));
  EXPECT_EQ(said(JobCrashNotKept{.job = job, .reason = reason}),
            line("warning the crash of a job could not be written to its row", " error=\"no *** here\""));
}

TEST_F(EventLog, TellsOfTheDatabasesOfAWorker) {
  EXPECT_EQ(said(DatabaseDoubted{.database = "shop", .error = "closed"}),
            "debug a database may not serve: asking it database=shop error=closed");
  EXPECT_EQ(said(DatabaseAway{.database = "shop", .error = "closed"}),
            "error a database does not serve; its jobs are put off, which uses up no retry database=shop "
            "error=closed");
  EXPECT_EQ(
      said(DatabaseAway{.database = "shop", .error = "a standby", .still = true}),
      "error a database still does not serve, now for another reason database=shop error=\"a standby\"");
  EXPECT_EQ(said(DatabaseServesAgain{.database = "shop", .outage = 70ms}),
            "info a database serves again database=shop after_ms=70");
}

TEST_F(EventLog, IsEmptyBelowItsLevel) {
  set_log_level(LogLevel::kError);
  EXPECT_EQ(said(JobStarted{.job = job, .attempt = 1}), "");
  EXPECT_EQ(said(JobDone{.job = job, .queue = "mail", .attempt = 1, .started = {}}), "");
  EXPECT_EQ(said(JobExpired{.job = job}), "");
  EXPECT_EQ(said(DatabaseDoubted{.database = "shop", .error = "closed"}), "");
}

// --- Who else is told.

class Recorder final : public Listener {
 public:
  explicit Recorder(std::function<void()> then = [] {}) : then_{std::move(then)} {}
  void on(const Event& event) override {
    if (const auto* const started = std::get_if<JobStarted>(&event)) attempts.push_back(started->attempt);
    then_();
  }

  std::vector<int> attempts;

 private:
  const std::function<void()> then_;
};

TEST_F(EventLog, IsTheFirstOfThoseWhoAreTold) {
  Recorder first{[&] { EXPECT_EQ(lines.size(), 1U) << "said already"; }};
  Recorder second;
  events.add(first);
  events.add(second);
  events.tell(JobStarted{.job = job, .attempt = 7});
  EXPECT_THAT(first.attempts, ElementsAre(7));
  EXPECT_THAT(second.attempts, ElementsAre(7));
}

TEST_F(EventLog, AndTheOthersGoOnThoughAListenerFails) {
  Recorder failing{[] { throw std::runtime_error{"no memory"}; }};
  Recorder next;
  events.add(failing);
  events.add(next);
  events.tell(JobStarted{.job = job, .attempt = 1});
  EXPECT_EQ(lines.size(), 1U);
  EXPECT_THAT(next.attempts, ElementsAre(1));
}

}  // namespace
}  // namespace aftercommit::worker
