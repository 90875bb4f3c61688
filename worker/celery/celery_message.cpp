#include "worker/celery/celery_message.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/trace.hpp"
#include "base/epoch_ms.hpp"
#include "base/iso_time.hpp"
#include "base/json/json_parser.hpp"
#include "base/text/base64.hpp"
#include "base/text/text.hpp"
#include "broker/envelope/trace_field.hpp"

namespace aftercommit::worker {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::system_clock;

/// Headers that Celery and kombu set themselves; any other is the application's own.
constexpr std::array<std::string_view, 24> kHeadersOfCelery{"lang",
                                                            "task",
                                                            "id",
                                                            "shadow",
                                                            "eta",
                                                            "expires",
                                                            "group",
                                                            "group_index",
                                                            "retries",
                                                            "timelimit",
                                                            "root_id",
                                                            "parent_id",
                                                            "argsrepr",
                                                            "kwargsrepr",
                                                            "origin",
                                                            "meth",
                                                            "ignore_result",
                                                            "stamps",
                                                            "stamped_headers",
                                                            "redelivered",
                                                            "compression",
                                                            "traceparent",
                                                            "tracestate",
                                                            "replaced_task_nesting"};

constexpr JsonLimits kMessageLimits{kArgsDepthLimit + 4, kArgsValueLimit + 2000};

struct Refused {
  std::string reason;
};

std::string in_quotes(std::string_view text) { return "'" + in_one_line(text, kNameLimit) + "'"; }

/// Null where there is no such member, or it is null: Python writes what is not given as that.
const json* find(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string_view text_of(const json* value) {
  const auto* const text = value != nullptr ? value->get_ptr<const std::string*>() : nullptr;
  return text != nullptr ? std::string_view{*text} : std::string_view{};
}

json parse(std::string_view text, const char* what) {
  auto parsed = parse_json(text, kMessageLimits);
  if (const auto* const flaw = std::get_if<Malformed>(&parsed)) {
    throw Refused{std::string{what} + " cannot be read: " + flaw->reason};
  }
  return std::move(std::get<json>(parsed));
}

class CeleryReader {
 public:
  CeleryReader(const Queue& queue, system_clock::time_point now, CeleryRefusal& known)
      : queue_{queue}, now_{now}, known_{known} {}

  CeleryJob read(std::string_view text) {
    const auto message = parse(text, "the message");
    const auto* const headers = message.is_object() ? find(message, "headers") : nullptr;
    if (headers == nullptr || !headers->is_object() || find(*headers, "task") == nullptr) {
      throw Refused{
          "it is no task of Celery's protocol 2, which has its name and id as headers: set task_protocol to "
          "2"};
    }
    known_.task = in_one_line(text_of(find(*headers, "task")), kNameLimit);
    const auto id = text_of(find(*headers, "id"));
    known_.id = JobId::parse(id);
    if (!known_.id) {
      throw Refused{"its id " + in_quotes(id) +
                    " is no UUID, as Celery makes them: give no task_id, or a UUID"};
    }
    return {.job = job_of(message, *headers), .eta = time_of(*headers, "eta")};
  }

 private:
  Envelope job_of(const json& message, const json& headers) {
    const auto name = text_of(find(headers, "task"));
    if (!valid_name(name)) {
      throw Refused{"its task " + in_quotes(name) +
                    " has no name that a task can have here: 1 to 64 of a-z A-Z 0-9 _ . -"};
    }
    Envelope job{
        .id = *known_.id, .task = std::string{name}, .args = args_of(message, headers), .queue = queue_};
    job.enqueued_at = std::chrono::floor<milliseconds>(now_);
    job.attempt = attempt_of(headers);
    job.expires_at = time_of(headers, "expires");
    set_time_limits(headers, job);
    job.priority = priority_of(message);
    job.durable = true;
    set_headers(headers, job);
    return job;
  }

  json args_of(const json& message, const json& headers) const {
    if (find(headers, "compression") != nullptr) {
      throw Refused{"its body is compressed: leave result_compression and compression out"};
    }
    const auto type = text_of(find(message, "content-type"));
    if (type != "application/json") {
      throw Refused{"its body is " + in_quotes(type) +
                    ", and only JSON is read: set task_serializer to 'json'"};
    }
    const auto encoding = text_of(find(message, "content-encoding"));
    if (encoding != "utf-8" && encoding != "us-ascii") {
      throw Refused{"its body is in " + in_quotes(encoding) + ", and only utf-8 is read"};
    }
    auto body = parse(body_of(message), "its body");
    if (!body.is_array() || body.size() != 3 || !body[0].is_array() || !body[1].is_object()) {
      throw Refused{"its body is not [args, kwargs, embed]"};
    }
    refuse_names(body[1]);
    refuse_what_follows(body[2]);
    return std::move(body[0]);
  }

  static std::string body_of(const json& message) {
    const auto* const body = find(message, "body");
    if (body == nullptr || !body->is_string()) throw Refused{"it has no body"};
    const auto* const properties = find(message, "properties");
    const auto* const encoding =
        properties != nullptr && properties->is_object() ? find(*properties, "body_encoding") : nullptr;
    if (encoding == nullptr) return std::string{text_of(body)};
    if (text_of(encoding) != "base64") {
      throw Refused{"its body_encoding " + in_quotes(text_of(encoding)) +
                    " is unknown: it is base64, or none"};
    }
    auto bytes = from_base64(text_of(body));
    if (!bytes) throw Refused{"its body is not base64, as its body_encoding says"};
    return *std::move(bytes);
  }

  static void refuse_names(const json& kwargs) {
    if (kwargs.empty()) return;
    std::string names;
    for (const auto& member : kwargs.items()) names += (names.empty() ? "" : ", ") + member.key();
    throw Refused{"it has arguments by name (" + in_one_line(names, 200) +
                  "), which have none in C++: give them by position"};
  }

  static void refuse_what_follows(const json& embed) {
    if (!embed.is_object()) return;
    constexpr std::array<std::pair<const char*, const char*>, 4> kFollowing{
        {{"callbacks", "a callback (link)"},
         {"errbacks", "an errback (link_error)"},
         {"chain", "a chain"},
         {"chord", "a chord"}}};
    for (const auto& [name, what] : kFollowing) {
      const auto* const given = find(embed, name);
      if (given == nullptr || given->empty()) continue;
      throw Refused{std::string{what} +
                    " is to follow it, which there is not here: ask for the next job in the task"};
    }
  }

  std::optional<system_clock::time_point> time_of(const json& headers, const char* name) const {
    const auto* const given = find(headers, name);
    if (given == nullptr) return std::nullopt;
    const auto time = parse_iso_time(text_of(given));
    constexpr auto kLast = std::chrono::floor<milliseconds>(system_clock::time_point::max());
    if (!time || *time > kLast) {
      throw Refused{std::string{"its "} + name + " " +
                    in_quotes(given->is_string() ? text_of(given) : given->dump()) +
                    " is no time of ISO 8601 up to the year 2262"};
    }
    return std::max(system_clock::time_point{}, system_clock::time_point{*time});
  }

  static int attempt_of(const json& headers) {
    const auto* const retries = find(headers, "retries");
    if (retries == nullptr) return 1;
    const bool counts = retries->is_number_integer() && *retries >= 0 && *retries < kMaxAttempts;
    if (!counts) throw Refused{"its retries " + in_quotes(retries->dump()) + " are no number below 1000000"};
    return retries->get<int>() + 1;
  }

  /// [hard, soft] in seconds.
  static void set_time_limits(const json& headers, Envelope& job) {
    const auto* const limits = find(headers, "timelimit");
    if (limits == nullptr) return;
    const auto limit = [&](std::size_t at) -> std::optional<milliseconds> {
      if (!limits->is_array() || at >= limits->size() || (*limits)[at].is_null()) return std::nullopt;
      constexpr double kMost = 100 * 365.25 * 86400;
      const auto& given = (*limits)[at];
      const double seconds = given.is_number() ? given.get<double>() : -1;
      if (!(seconds >= 0 && seconds <= kMost)) {
        throw Refused{"its time limit " + in_quotes(given.dump()) + " is no number of seconds"};
      }
      return milliseconds{std::llround(seconds * 1000)};
    };
    job.time_limit = limit(0);
    job.soft_time_limit = limit(1);
  }

  /// Celery's are 0 to 9, and 0, the most urgent of them, is what nobody has chosen.
  static Priority priority_of(const json& message) {
    const auto* const properties = find(message, "properties");
    const auto* const given =
        properties != nullptr && properties->is_object() ? find(*properties, "priority") : nullptr;
    const bool later = given != nullptr && given->is_number_integer() && *given > 0;
    return later ? Priority::kLow : Priority::kNormal;
  }

  /// Texts of the application's own, those that a job can have.
  static void set_headers(const json& headers, Envelope& job) {
    if (const auto trace = TraceContext::parse(text_of(find(headers, "traceparent")),
                                               text_of(find(headers, "tracestate")))) {
      job.trace = trace_field(*trace);
    }
    for (const auto& header : headers.items()) {
      if (!header.value().is_string() ||
          std::ranges::find(kHeadersOfCelery, header.key()) != kHeadersOfCelery.end())
        continue;
      try {
        job.headers.set(header.key(), text_of(&header.value()));
      } catch (const UsageError&) {
        // Of a name or size that no header of a job has: often of a tracer's, and no reason to keep the job
        // from running.
      }
    }
  }

  const Queue& queue_;
  const system_clock::time_point now_;
  CeleryRefusal& known_;
};

}  // namespace

std::variant<CeleryJob, CeleryRefusal> read_celery_message(std::string_view message, const Queue& queue,
                                                           std::size_t limit, system_clock::time_point now) {
  CeleryRefusal known;
  try {
    auto read = CeleryReader{queue, now, known}.read(message);
    const auto size = encode(read.job).size();
    if (size <= limit) return read;
    known.reason = "a job of " + std::to_string(size) + " bytes is over the limit of " +
                   std::to_string(limit) + ": store the data and pass its key";
  } catch (const Refused& refused) {
    known.reason = refused.reason;
  } catch (const PayloadError& error) {
    known.reason = error.what();
  }
  return known;
}

}  // namespace aftercommit::worker
