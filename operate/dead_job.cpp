#include "operate/dead_job.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>

#include "base/log/log_format.hpp"
#include "broker/envelope/trace_field.hpp"

namespace aftercommit::operate {
namespace {

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

}  // namespace

std::string DeadJob::cause() const {
  return letter ? std::string{to_string(letter->cause)} : std::string{"unreadable"};
}

std::string DeadJob::reason() const { return letter ? letter->reason : flaw; }

std::string DeadJob::obstacle() const {
  if (!letter) return "its letter cannot be read: " + flaw;
  const auto* const its_job = job();
  if (its_job == nullptr) return "what was received could not be read as a job: " + letter->reason;
  if (!is_in_redis() && (its_job->id.str() != id || !its_job->durable)) {
    return "what was received is not the job of this id: " + letter->reason;
  }
  if (its_job->expires_at && *its_job->expires_at <= std::chrono::system_clock::now()) {
    return "it expired at " + utc(*its_job->expires_at) + ", so a worker would drop it: ask for it anew";
  }
  return {};
}

DeadJob dead_job(std::string database, const std::optional<JobId>& id, Queue queue,
                 std::chrono::system_clock::time_point died_at, std::string text) {
  DeadJob dead{.id = {},
               .database = std::move(database),
               .queue = std::move(queue),
               .died_at = died_at,
               .text = std::move(text)};
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

bool is_letter_handle(std::string_view text) {
  return text.starts_with(kHandle) && text.size() == kHandle.size() + kHandleDigits &&
         text.find_first_not_of(kHexDigits, kHandle.size()) == std::string_view::npos;
}

Json in_json(const DeadJob& dead) {
  return {{"id", dead.id},
          {"durable", !dead.is_in_redis()},
          {"database", or_null(dead.database)},
          {"queue", dead.queue},
          {"task", or_null(dead.task())},
          {"died_at", utc(dead.died_at)},
          {"cause", dead.cause()},
          {"reason", dead.reason()},
          {"attempts", dead.job() != nullptr ? Json(dead.job()->attempt) : Json(nullptr)}};
}

Json in_full(const DeadJob& dead) {
  auto document = in_json(dead);
  document["worker"] = dead.letter ? or_null(dead.letter->worker) : Json(nullptr);
  document["errors"] = Json::array();
  if (const auto* const job = dead.job()) {
    for (const auto& error : job->errors) {
      document["errors"].push_back({{"attempt", error.attempt},
                                    {"at", utc(error.at)},
                                    {"worker", error.worker},
                                    {"error", error.error},
                                    {"type", or_null(error.type)},
                                    {"log", or_null(error.log)}});
    }
    document["args"] = job->args;
    document["headers"] = Json::object();
    for (const auto& [name, value] : job->headers) document["headers"][name] = value;
    const auto trace = trace_of(*job);
    document["trace_id"] = trace ? Json(trace->trace_id()) : Json(nullptr);
    document["enqueued_at"] = utc(job->enqueued_at);
  } else {
    document["received"] = dead.letter ? dead.letter->raw : dead.text;
  }
  return document;
}

}  // namespace aftercommit::operate
