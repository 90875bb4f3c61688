#include "operate/job_story.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <variant>

#include "aftercommit/error.hpp"
#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "broker/envelope/trace_field.hpp"
#include "client/job_table/history.hpp"
#include "client/job_table/queue_state.hpp"
#include "client/job_table/schema_steps.hpp"
#include "client/statements/sql_template.hpp"
#include "operate/columns.hpp"
#include "operate/dead_jobs.hpp"
#include "operate/dead_list.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {
namespace {

using StoryTime = std::chrono::system_clock::time_point;

// Which tables there are from which version on.
constexpr int kWithCancelled = 3;
constexpr int kWithMarks = 4;
constexpr int kWithResults = 5;

constexpr std::size_t kEntriesAtOnce = 1000;

JobStanding standing_in(JobPart part, const Envelope& job) {
  if (part == JobPart::kRunning) return JobStanding::kRunning;
  if (part == JobPart::kAside) return JobStanding::kAside;
  if (job.attempt > 1) return JobStanding::kRetrying;
  return part == JobPart::kDelayed ? JobStanding::kDelayed : JobStanding::kReady;
}

/// In the order in which a queue is looked through: those that run or stand aside are few.
constexpr std::array kStoryParts{JobPart::kRunning, JobPart::kAside, JobPart::kDelayed, JobPart::kReady};

/// Where a look through Redis has stopped: "d:mail:<place>" in a part of a queue, "l:mail:<ms>" in its
/// letters, which are looked at when all the parts have been.
struct StoryPlace {
  static constexpr std::string_view kLetters = "xadrl";
  static constexpr std::size_t kInLetters = kStoryParts.size();

  std::size_t part = 0;  // in kStoryParts
  Queue queue{};
  std::string place{};
  std::optional<StoryTime> until{};

  std::string str() const {
    const std::string kind{kLetters.at(part), ':'};
    return kind +
           (part == kInLetters ? LetterPlace{.queue = queue, .until = until}.str() : queue + ':' + place);
  }
};

StoryPlace read_story_place(std::string_view text) {
  StoryPlace place{.part = text.size() > 2 && text[1] == ':' ? StoryPlace::kLetters.find(text[0])
                                                             : StoryPlace::kLetters.npos};
  if (place.part == StoryPlace::kInLetters) {
    auto letter = LetterPlace::parse(text.substr(2));
    place.queue = std::move(letter.queue);
    place.until = letter.until;
    return place;
  }
  const auto colon = text.find(':', std::min<std::size_t>(2, text.size()));
  if (place.part < StoryPlace::kInLetters && colon != text.npos) {
    place.queue = text.substr(2, colon - 2);
    place.place = text.substr(colon + 1);
  }
  if (valid_name(place.queue)) return place;
  throw UsageError{"'" + in_one_line(text, 100) +
                   "' is no place in Redis to go on from: give `next` of the look before"};
}

/// Puts together what the servers say.
class Inquiry {
 public:
  Inquiry(Servers& servers, const JobId& id, const LookBounds& bounds, const JobHint& hint)
      : servers_{servers},
        id_{id},
        text_{id.str()},
        bounds_{bounds},
        hint_{hint},
        rows_left_{bounds.rows},
        parts_left_{bounds.parts} {
    story_.id = text_;
    if (!hint.after.empty()) from_ = read_story_place(hint.after);
  }

  JobStory run() {
    story_.answers =
        servers_.look_at_each([&](const Store& store) { ask(store); }, [&](Browsing& redis) { ask(redis); });
    tell();
    return std::move(story_);
  }

 private:
  using State = JobStanding;

  pqxx::result look_up(const Store& store, std::string_view sql) const {
    return store.database.exec(detail::in_schema(sql, store.database.options().schema), id_);
  }

  void ask(const Store& store) {
    aliases_.push_back(store.alias);
    const auto version = detail::schema_version(store.database);
    look_briefly(store.database, bounds_.statement, [&] {
      if (version >= kWithMarks) ask_marks(store);
      if (version >= kWithResults) ask_progress(store);
      ask_row(store, version);
      if (story_.fate == JobFate::kUnknown) ask_dead(store);
      if (version >= kWithCancelled) ask_cancelled(store);
      if (story_.fate != JobFate::kUnknown && story_.fate != JobFate::kDone) return;
      if (version >= kWithResults) ask_result(store);
      ask_ledger(store);
      if (version >= detail::kHistoryVersion) ask_history(store);
    });
  }

  void known(const Store& store, JobFate fate) {
    if (story_.fate == JobFate::kUnknown) {
      story_.fate = fate;
      story_.database = store.alias;
    }
  }

  void ask_row(const Store& store, int version) {
    const auto rows = look_up(store, operate_sql::story_job);
    if (rows.empty()) return;
    const auto& row = rows[0];
    known(store, JobFate::kWaiting);
    story_.queue = row[0].as<std::string>();
    story_.due_at = column_time(row[2]);
    story_.asked_in = row[3].as<std::string>();
    read(row[4].as<std::string>());
    story_.worker = column_text(row[5]);
    story_.running_since = column_time(row[6]);
    const bool due_later = !row[7].is_null() && row[7].as<bool>();
    story_.standing = !story_.worker.empty()      ? State::kRunning
                      : row[1].as<int>() > 1      ? State::kRetrying
                      : due_later                 ? State::kDelayed
                      : is_paused(store, version) ? State::kPaused
                                                  : State::kReady;
  }

  bool is_paused(const Store& store, int version) const {
    if (version < detail::kPauseSchema) return false;
    const auto paused = detail::find_paused(store.database);
    return std::ranges::find(paused, story_.queue, &detail::PausedQueue::queue) != paused.end();
  }

  void read(const std::string& envelope) {
    auto decoded = decode(envelope, kSizeLimit);
    if (auto* const job = std::get_if<Envelope>(&decoded)) {
      take(std::move(*job));
    } else {
      story_.flaw = std::get<Malformed>(decoded).reason;
    }
  }
  void take(Envelope job) {
    story_.task = job.task;
    if (story_.queue.empty()) story_.queue = job.queue;
    story_.job = std::move(job);
  }

  void ask_dead(const Store& store) {
    if (auto dead = DeadJobs::find_durable(store, text_)) died(std::move(*dead), &store);
  }
  void died(DeadJob dead, const Store* store) {
    if (story_.fate != JobFate::kUnknown) return;
    story_.fate = JobFate::kDead;
    if (store != nullptr) story_.database = store->alias;
    story_.queue = dead.queue;
    if (dead.job() != nullptr) take(*dead.job());
    story_.dead = std::move(dead);
  }

  void ask_cancelled(const Store& store) {
    const auto rows = look_up(store, operate_sql::story_cancelled);
    if (rows.empty() || !story_.cancelled.empty()) return;
    const auto& row = rows[0];
    cancelled_at_ = column_time(row[0]);
    story_.cancelled = row[1].as<std::string>();
    story_.note = column_text(row[2]);
    if (story_.queue.empty()) story_.queue = column_text(row[3]);
    if (story_.task.empty()) story_.task = column_text(row[4]);
    if (story_.cancelled == "requested") return;
    known(store, story_.cancelled == "too_late" ? JobFate::kDone : JobFate::kCancelled);
  }

  void ask_result(const Store& store) {
    const auto rows = look_up(store, operate_sql::story_result);
    if (rows.empty()) return;
    const auto& row = rows[0];
    known(store, JobFate::kDone);
    story_.task = row[0].as<std::string>();
    story_.result = StoryResult{.value = row[1].as<std::string>(),
                                .stored_at = column_time(row[2]).value_or(StoryTime{}),
                                .expires_at = column_time(row[3]).value_or(StoryTime{})};
    story_.effect_in = row[4].as<std::string>();
    done_at_ = story_.result->stored_at;
  }

  void ask_ledger(const Store& store) {
    const auto rows = look_up(store, operate_sql::story_ledger);
    if (rows.empty()) return;
    known(store, JobFate::kDone);
    if (!done_at_) done_at_ = column_time(rows[0][0]);
    if (story_.effect_in.empty()) story_.effect_in = rows[0][1].as<std::string>();
  }

  /// Of a durable job that is done nothing else may be left.
  void ask_history(const Store& store) {
    const auto& schema = store.database.options().schema;
    if (!store.database.exec(detail::in_schema(operate_sql::may_read_history, schema))[0][0].as<bool>())
      return;
    const auto rows = look_up(store, operate_sql::story_history);
    if (rows.empty()) return;
    known(store, JobFate::kDone);
    const auto& row = rows[0];
    if (!done_at_) done_at_ = column_time(row[1]);
    if (story_.effect_in.empty()) story_.effect_in = row[0].as<std::string>();
    if (story_.task.empty()) story_.task = row[2].as<std::string>();
    if (story_.queue.empty()) story_.queue = row[3].as<std::string>();
    if (story_.asked_in.empty()) story_.asked_in = column_text(row[4]);
    done_by_ = row[5].as<std::string>();
  }

  void ask_progress(const Store& store) {
    const auto rows = look_up(store, operate_sql::story_progress);
    if (rows.empty()) return;
    story_.progress = StoryProgress{.attempt = rows[0][0].as<int>(),
                                    .done = rows[0][1].as<std::int64_t>(),
                                    .total = rows[0][2].as<std::int64_t>(),
                                    .note = rows[0][3].as<std::string>(),
                                    .at = column_time(rows[0][4]).value_or(StoryTime{})};
  }

  void ask_marks(const Store& store) {
    for (const auto& row : look_up(store, operate_sql::story_marks)) {
      story_.marks.push_back({.database = store.alias,
                              .waits = !row[0].as<bool>(),
                              .other = column_text(row[1]),
                              .given_key = column_text(row[2]),
                              .until = row[3].as<std::string>(),
                              .expires_at = column_time(row[4])});
    }
  }

  void ask(Browsing& redis) {
    if (story_.fate == JobFate::kWaiting) {
      story_.in_redis = servers_.in_redis(story_.queue, {&id_, 1}).at(0);
      if (from_ && (from_->queue != story_.queue || from_->part == StoryPlace::kInLetters)) from_.reset();
      if (story_.in_redis != false) find_place(redis, story_.queue);
      return;
    }
    if (story_.fate != JobFate::kUnknown) return;
    const auto queues = hint_.queue.empty() ? queues_of(redis, bounds_) : std::vector{hint_.queue};
    if (hint_.died_at && !from_ && find_those_that_died_then(queues)) return;
    if (!from_ || from_->part != StoryPlace::kInLetters) {
      for (const auto& queue : queues) {
        if (from_ && queue < from_->queue) continue;
        if (find_place(redis, queue) || story_.place_unsure) return;
      }
      from_.reset();
    }
    for (const auto& queue : queues) {
      if (from_ && queue < from_->queue) continue;
      if (find_letter(queue) || story_.place_unsure) return;
    }
  }

  void stop(const StoryPlace& at) {
    story_.place_unsure = true;
    story_.next = at.str();
  }

  /// True: it is there, and nothing else is looked at.
  bool find_place(Browsing& redis, const Queue& queue) {
    const bool goes_on = from_ && from_->queue == queue;
    for (std::size_t part = goes_on ? from_->part : 0; part < kStoryParts.size(); ++part) {
      auto after = goes_on && part == from_->part ? from_->place : std::string{};
      do {
        if (rows_left_ == 0 || parts_left_ == 0) {
          stop({.part = part, .queue = queue, .place = after});
          return false;
        }
        --parts_left_;
        auto page = redis.jobs(queue, kStoryParts.at(part), after, std::min(rows_left_, kEntriesAtOnce));
        rows_left_ -= std::min(rows_left_, std::max<std::size_t>(page.looked_at, 1));
        for (const auto& entry : page.jobs) {
          if (is_found(queue, entry)) return true;
        }
        after = std::move(page.next);
      } while (!after.empty());
    }
    return false;
  }

  bool is_found(const Queue& queue, const JobEntry& entry) {
    if (entry.payload.find(text_) == std::string::npos) return false;
    auto decoded = decode(entry.payload, kSizeLimit);
    auto* const job = std::get_if<Envelope>(&decoded);
    if (job == nullptr || job->id != id_) return false;
    story_.place = RedisPlace{
        .queue = queue, .part = entry.part, .reason = entry.reason, .worker = entry.worker, .at = entry.at};
    if (entry.part == JobPart::kRunning) story_.place->at = std::chrono::system_clock::now() - entry.held;
    if (story_.fate == JobFate::kWaiting) {  // its row says the rest
      if (entry.part == JobPart::kAside) story_.standing = State::kAside;
      return true;
    }
    story_.in_redis = true;
    // A durable one without a row is done, or was deleted: what is in Redis is skipped.
    const bool has_no_row = job->durable && answers_for(*job);
    if (!has_no_row) {
      story_.fate = JobFate::kWaiting;
      story_.standing = standing_in(entry.part, *job);
      story_.worker = entry.worker;
      if (entry.part == JobPart::kRunning) story_.running_since = story_.place->at;
      if (entry.part == JobPart::kDelayed || entry.part == JobPart::kAside) story_.due_at = entry.at;
    }
    story_.queue = queue;
    take(std::move(*job));
    return true;
  }

  bool answers_for(const Envelope& job) const {
    return job.database.empty() ? !aliases_.empty()
                                : std::ranges::find(aliases_, job.database) != aliases_.end();
  }

  bool find_letter(const Queue& queue) {
    const auto until = from_ && from_->queue == queue ? from_->until : std::nullopt;
    auto next = until;  // where nothing is left to look at
    if (rows_left_ > 0 && parts_left_ > 0) {
      --parts_left_;
      if (auto dead = DeadJobs{servers_}.find_in_redis(queue, text_, until, rows_left_, next)) {
        died(std::move(*dead), nullptr);
        return true;
      }
      if (!next) return false;
    }
    stop({.part = StoryPlace::kInLetters, .queue = queue, .until = next});
    return false;
  }

  /// So that one of a list is found, however many have died since.
  bool find_those_that_died_then(const std::vector<Queue>& queues) {
    for (const auto& queue : queues) {
      std::size_t left = 1;  // and all of that ms
      std::optional<StoryTime> next;
      auto dead = DeadJobs{servers_}.find_in_redis(queue, text_, hint_.died_at, left, next);
      if (!dead) continue;
      died(std::move(*dead), nullptr);
      return true;
    }
    return false;
  }

  void tell() {
    auto& lines = story_.lines;
    if (story_.job) {
      lines.push_back({.at = story_.job->enqueued_at,
                       .what = "asked for",
                       .detail = story_.asked_in.empty() ? "" : "in transaction " + story_.asked_in});
      for (const auto& error : story_.job->errors) tell_of(error);
    }
    if (story_.dead) {
      lines.push_back({.at = story_.dead->died_at,
                       .what = "died",
                       .detail = story_.dead->cause() + ": " + story_.dead->reason(),
                       .worker = story_.dead->letter ? story_.dead->letter->worker : std::string{}});
    }
    if (cancelled_at_) {
      lines.push_back({.at = *cancelled_at_,
                       .what = story_.cancelled == "requested"  ? "asked to stop"
                               : story_.cancelled == "too_late" ? "asked to stop, too late"
                                                                : "cancelled",
                       .detail = story_.note});
    }
    if (done_at_) {
      lines.push_back({.at = *done_at_,
                       .what = "took effect",
                       .detail = story_.effect_in.empty() ? "" : "in transaction " + story_.effect_in,
                       .worker = done_by_});
    }
    if (story_.progress) {
      const auto& progress = *story_.progress;
      auto text = std::to_string(progress.done);
      if (progress.total > 0) text += " of " + std::to_string(progress.total);
      if (!progress.note.empty()) text += ": " + progress.note;
      lines.push_back({.at = progress.at, .what = "progress", .detail = std::move(text)});
    }
    if (story_.running_since) {
      lines.push_back({.at = *story_.running_since, .what = "runs", .worker = story_.worker});
    } else if (story_.due_at && story_.fate == JobFate::kWaiting &&
               *story_.due_at > std::chrono::system_clock::now()) {
      lines.push_back({.at = *story_.due_at, .what = "due"});
    }
    std::ranges::stable_sort(lines, {}, &StoryLine::at);
  }

  void tell_of(const AttemptError& error) {
    StoryLine line{.at = error.at,
                   .what = "attempt " + std::to_string(error.attempt) + " failed",
                   .detail = error.type.empty() ? error.error : error.type + ": " + error.error,
                   .worker = error.worker};
    for (std::size_t begin = 0; begin < error.log.size();) {
      const auto end = std::min(error.log.find('\n', begin), error.log.size());
      line.log.push_back(error.log.substr(begin, end - begin));
      begin = end + 1;
    }
    story_.lines.push_back(std::move(line));
  }

  Servers& servers_;  // not owned, outlives this
  const JobId id_;
  const std::string text_;
  const LookBounds bounds_;
  const JobHint hint_;
  std::optional<StoryPlace> from_;  // where to go on; nothing: at the beginning
  std::size_t rows_left_;
  std::size_t parts_left_;
  std::vector<std::string> aliases_;  // of databases that have answered
  std::optional<StoryTime> cancelled_at_, done_at_;
  std::string done_by_{};  // the worker; empty: not known
  JobStory story_;
};

Json or_null_time(const std::optional<StoryTime>& time) { return time ? Json(utc(*time)) : Json(nullptr); }

std::string_view part_word(JobPart part) {
  switch (part) {
    case JobPart::kRunning:
      return "running";
    case JobPart::kReady:
      return "ready";
    case JobPart::kDelayed:
      return "delayed";
    case JobPart::kAside:
      break;
  }
  return "aside";
}

/// What a person has not asked to see.
void add_args(Json& document, const JobStory& story) {
  document["args"] = story.job ? Json(story.job->args) : Json(nullptr);
  document["headers"] = Json::object();
  if (story.job) {
    for (const auto& [name, value] : story.job->headers) document["headers"][name] = value;
  }
  document["result"] = nullptr;
  if (story.result) {
    auto value = Json::parse(story.result->value, nullptr, false);
    document["result"] = value.is_discarded() ? Json(story.result->value) : std::move(value);
  }
}

}  // namespace

std::string_view word(JobFate fate) noexcept {
  constexpr std::array<std::string_view, 5> kWords{"unknown", "waiting", "dead", "cancelled", "done"};
  return kWords.at(static_cast<std::size_t>(fate));
}

JobStory find_story(Servers& servers, const JobId& id, const LookBounds& bounds, const JobHint& hint) {
  return Inquiry{servers, id, bounds, hint}.run();
}

Json in_json(const JobStory& story, bool args) {
  const auto* const job = story.job ? &*story.job : nullptr;
  Json lines = Json::array();
  for (const auto& line : story.lines) {
    lines.push_back({{"at", utc(line.at)},
                     {"what", line.what},
                     {"detail", or_null(line.detail)},
                     {"worker", or_null(line.worker)},
                     {"log", line.log}});
  }
  Json marks = Json::array();
  for (const auto& mark : story.marks) {
    marks.push_back({{"database", mark.database},
                     {"waits", mark.waits},
                     {"other", or_null(mark.other)},
                     {"given_key", args ? or_null(mark.given_key) : Json(nullptr)},
                     {"until", mark.until},
                     {"expires_at", or_null_time(mark.expires_at)}});
  }
  const auto trace = job != nullptr ? trace_of(*job) : std::nullopt;
  Json document{{"id", story.id},
                {"fate", word(story.fate)},
                {"state", story.standing ? Json(word(*story.standing)) : Json(nullptr)},
                {"durable", job != nullptr ? Json(job->durable) : Json(nullptr)},
                {"database", or_null(story.database)},
                {"queue", or_null(story.queue)},
                {"task", or_null(story.task)},
                {"priority", job != nullptr ? Json(name_of(job->priority)) : Json(nullptr)},
                {"attempt", job != nullptr ? Json(job->attempt) : Json(nullptr)},
                {"max_retries", job != nullptr && job->max_retries ? Json(*job->max_retries) : Json(nullptr)},
                {"crashes", job != nullptr ? Json(job->crashes) : Json(nullptr)},
                {"due_at", or_null_time(story.due_at)},
                {"expires_at", job != nullptr ? or_null_time(job->expires_at) : Json(nullptr)},
                {"worker", or_null(story.worker)},
                {"running_since", or_null_time(story.running_since)},
                {"asked_in_transaction", or_null(story.asked_in)},
                {"took_effect_in_transaction", or_null(story.effect_in)},
                {"trace_id", trace ? Json(trace->trace_id()) : Json(nullptr)},
                {"in_redis", story.in_redis ? Json(*story.in_redis) : Json(nullptr)},
                {"place", nullptr},
                {"place_unsure", story.place_unsure},
                {"next", or_null(story.next)},
                {"cancelled", or_null(story.cancelled)},
                {"note", or_null(story.note)},
                {"obstacle", story.dead ? or_null(story.dead->obstacle()) : Json(nullptr)},
                {"flaw", or_null(story.flaw)},
                {"limited_since", job != nullptr ? or_null_time(job->limited_since) : Json(nullptr)},
                {"has_result", story.result.has_value()},
                {"progress", nullptr},
                {"unique", std::move(marks)},
                {"story", std::move(lines)}};
  if (story.place) {
    document["place"] = {{"queue", story.place->queue},
                         {"part", part_word(story.place->part)},
                         {"aside_for", or_null(story.place->reason)},
                         {"worker", or_null(story.place->worker)},
                         {"at", utc(story.place->at)}};
  }
  if (story.progress) {
    document["progress"] = {{"attempt", story.progress->attempt},
                            {"done", story.progress->done},
                            {"total", story.progress->total},
                            {"note", story.progress->note},
                            {"at", utc(story.progress->at)}};
  }
  if (args) add_args(document, story);
  document.update(in_json(story.answers));
  return document;
}

}  // namespace aftercommit::operate
