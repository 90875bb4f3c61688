#include "cli/dead_jobs.hpp"

#include <chrono>
#include <cstdint>
#include <thread>
#include <unordered_set>
#include <utility>
#include <variant>

#include "aftercommit/error.hpp"
#include "base/log/log_format.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

constexpr std::size_t kPage = 100;  // letters of 1 MiB each at worst
constexpr std::string_view kHandle = "letter-";
constexpr std::size_t kHandleDigits = 16;
constexpr std::string_view kHexDigits = "0123456789abcdef";

/// The same for the same letter: FNV-1a, 64 bits.
std::string handle_of(std::string_view letter) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char character : letter) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3U;
  }
  std::string handle{kHandle};
  for (int shift = 60; shift >= 0; shift -= 4) handle += kHexDigits[(hash >> shift) & 15U];
  return handle;
}

DeadJob dead_job(const Store* store, const std::optional<JobId>& id, Queue queue,
                 std::chrono::system_clock::time_point died_at, std::string text) {
  DeadJob dead{
      .id = {}, .store = store, .queue = std::move(queue), .died_at = died_at, .text = std::move(text)};
  auto decoded = decode_dead_letter(dead.text);
  if (auto* const letter = std::get_if<DeadLetter>(&decoded)) {
    dead.letter = std::move(*letter);
  } else {
    dead.flaw = std::get<Malformed>(decoded).reason;
  }
  if (id) {
    dead.id = id->str();
  } else {
    dead.id = dead.job() != nullptr ? dead.job()->id.str() : handle_of(dead.text);
  }
  return dead;
}

}  // namespace

bool is_letter_handle(std::string_view text) {
  return text.starts_with(kHandle) && text.size() == kHandle.size() + kHandleDigits &&
         text.find_first_not_of(kHexDigits, kHandle.size()) == std::string_view::npos;
}

std::vector<DeadSource> DeadJobs::redis(const Queue& queue) {
  if (!queue.empty()) return {{nullptr, queue}};
  std::vector<DeadSource> sources;
  for (auto& name : servers_.broker().queues()) sources.push_back({nullptr, std::move(name)});
  return sources;
}

void DeadJobs::visit(const DeadSource& source, const Visitor& visitor) {
  if (source.store != nullptr) {
    visit_table(*source.store, source.queue, visitor);
  } else {
    visit_redis(source.queue, visitor);
  }
}

void DeadJobs::visit_table(const Store& store, const Queue& queue, const Visitor& visitor) {
  std::optional<detail::DeadPlace> after;
  for (;;) {
    auto rows = store.table.dead(queue, kPage, after);
    if (rows.empty()) return;
    after = {.died_at = rows.back().died_at, .id = rows.back().id};
    for (auto& row : rows) {
      const auto dead = dead_job(&store, row.id, std::move(row.queue), row.died_at, std::move(row.letter));
      if (visitor(dead) == Fate::kStop) return;
    }
  }
}

void DeadJobs::visit_redis(const Queue& queue, const Visitor& visitor) {
  std::optional<std::chrono::system_clock::time_point> begun;  // by the clock that times the deaths
  std::unordered_set<std::size_t> seen;  // new deaths push those behind them into the next page
  std::size_t offset = 0;
  for (;;) {
    auto entries = servers_.broker().dead_letters(queue, offset, kPage);
    if (entries.empty()) return;
    for (auto& entry : entries) {
      const auto dead = dead_job(nullptr, {}, queue, entry.died_at, std::move(entry.letter));
      if (!begun) begun = dead.died_at;
      const auto known = std::hash<std::string>{}(dead.id + dead.text);
      if (dead.died_at > *begun || seen.contains(known)) {
        ++offset;
        continue;
      }
      const auto fate = visitor(dead);
      if (fate == Fate::kStop) return;
      if (fate == Fate::kGone) continue;
      ++offset;
      seen.insert(known);
    }
  }
}

std::optional<DeadJob> DeadJobs::find_durable(const Store& store, const std::string& id) {
  const auto job = JobId::parse(id);
  auto row = job ? store.table.find_dead(*job) : std::nullopt;
  if (!row) return std::nullopt;
  return dead_job(&store, row->id, std::move(row->queue), row->died_at, std::move(row->letter));
}

std::string DeadJobs::obstacle(const DeadJob& dead) {
  if (!dead.letter) return "its letter cannot be read: " + dead.flaw;
  const auto* const job = dead.job();
  if (job == nullptr) return "what was received could not be read as a job: " + dead.letter->reason;
  if (dead.store != nullptr && (job->id.str() != dead.id || !job->durable)) {
    return "what was received is not the job of this id: " + dead.letter->reason;
  }
  if (job->expires_at && *job->expires_at <= std::chrono::system_clock::now()) {
    return "it expired at " + utc(*job->expires_at) + ", so a worker would drop it: ask for it anew";
  }
  return {};
}

std::string DeadJobs::retry(const DeadJob& dead) {
  if (auto reason = obstacle(dead); !reason.empty()) return reason;
  if (dead.store != nullptr) {
    const auto& table = dead.store->table;
    if (table.find(dead.job()->id)) {
      return "it stands in the job table as well, and will run: delete this letter instead";
    }
    let_settle(dead);
    if (!table.revive(dead.job()->id)) return "somebody else has retried or deleted it meanwhile";
    push(dead);
    return {};
  }
  const auto again = revived(*dead.job());
  const Outgoing outgoing{.queue = dead.queue,
                          .payload = encode(again),
                          .durable = again.durable ? std::optional{again.id} : std::nullopt};
  if (!servers_.broker().remove_dead_letter(dead.queue, dead.text, &outgoing)) {
    return "somebody else has retried or deleted it meanwhile";
  }
  return {};
}

/// In the moment after a death Redis has still to hear of it.  Waiting for that spares the relay a second
/// copy; nothing depends on it.
void DeadJobs::let_settle(const DeadJob& dead) {
  constexpr Millis kPatience{2000};  // for all jobs of one command
  constexpr Millis kPause{20};
  if (!outage_.empty()) return;  // it is away, as push() will tell
  try {
    while (servers_.broker().has_durable(dead.queue, {&dead.job()->id, 1}).at(0)) {
      const auto now = std::chrono::steady_clock::now();
      if (!patient_until_) patient_until_ = now + kPatience;
      if (now > *patient_until_) return;
      std::this_thread::sleep_for(kPause);
    }
  } catch (const Error& error) {
    outage_ = error.what();
  }
}

/// The short way to Redis; the relay is the long one.  While Redis has the id it is the relay's: that brings
/// a job from the dead all the same.  Looked at after the job is back, so that whoever forgets the id later
/// has seen that it is.
void DeadJobs::push(const DeadJob& dead) {
  const auto& job = dead.job()->id;
  if (!outage_.empty()) {  // nobody waits for the same timeout again
    ++left_to_relay_;
    return;
  }
  try {
    if (servers_.broker().has_durable(dead.queue, {&job, 1}).at(0)) {
      ++left_to_relay_;
      return;
    }
    const auto& table = dead.store->table;
    table.unmark_revival(job);
    const auto row = table.find(job);
    if (!row) return;  // a relay and a worker were faster
    const Outgoing outgoing{.queue = row->queue, .payload = row->envelope, .durable = row->id};
    servers_.broker().enqueue({&outgoing, 1}, servers_.app().options().enqueue_timeout);
  } catch (const DatabaseUnavailable&) {
    throw;
  } catch (const Error& error) {
    outage_ = error.what();
    ++left_to_relay_;
  }
}

bool DeadJobs::remove(const DeadJob& dead) {
  if (dead.store == nullptr) return servers_.broker().remove_dead_letter(dead.queue, dead.text);
  const auto id = JobId::parse(dead.id);
  return id && dead.store->table.forget_dead(*id);
}

}  // namespace aftercommit::cli
