/// The envelope's JSON: written field by field, read from a bounded tree.
#include "broker/envelope/envelope.hpp"

#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/json/json_fields.hpp"
#include "base/json/json_parser.hpp"
#include "base/json/json_writer.hpp"
#include "broker/envelope/plain_envelope.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using Time = std::chrono::system_clock::time_point;

constexpr JsonLimits kArgsLimits{kArgsDepthLimit, kArgsValueLimit};
constexpr JsonLimits kTraceLimits{kArgsDepthLimit, kTraceValueLimit};
// The envelope's own object around the args; its fields, backoff, errors of six values each, and fields
// of later versions.
constexpr JsonLimits kTextLimits{kArgsDepthLimit + 1,
                                 kArgsValueLimit + kTraceValueLimit + 6 * kErrorsKept + 500};

constexpr std::string_view kFixedWord = "fixed";
constexpr std::string_view kExponentialWord = "exponential";
constexpr double kMaxFactor = std::numeric_limits<double>::max();
constexpr std::string_view kFactorRule = "a finite number, 1 or more";
constexpr std::string_view kJitterRule = "a number from 0 to 1";

// ---- Writing

/// Writes the members of one object.  What it refuses, the reader below would refuse too.
class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_{out} { out_ += '{'; }
  void end() { out_ += '}'; }

  void text(std::string_view field, std::string_view value) { append_json_string(key(field), value); }

  void name(std::string_view field, std::string_view value) {
    require(valid_name(value), field, kNameRule);
    key(field).append(1, '"').append(value).append(1, '"');
  }

  void integer(std::string_view field, std::int64_t value, std::int64_t min, std::int64_t max) {
    if (value < min || value > max) {
      require(false, field, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    }
    append_json_integer(key(field), value);
  }

  void number(std::string_view field, double value, double min, double max, std::string_view expected) {
    require(value >= min && value <= max, field, expected);
    append_json_double(key(field), value);
  }

  void time(std::string_view field, Time value) {
    const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(value.time_since_epoch());
    require(since_epoch.count() >= 0, field, "a time after 1970");
    append_json_integer(key(field), since_epoch.count());
  }

  void wait(std::string_view field, std::chrono::milliseconds value) {
    integer(field, value.count(), 0, std::numeric_limits<std::int64_t>::max());
  }

  void value(std::string_view field, const json& value, JsonLimits limits) {
    try {
      append_json_value(key(field), value, limits);
    } catch (const PayloadError& error) {
      throw PayloadError{"in '" + std::string{field} + "' " + error.what()};
    }
  }

  /// The key alone; the caller appends the value.
  std::string& key(std::string_view field) {
    if (!std::exchange(first_, false)) out_ += ',';
    return out_.append(1, '"').append(field).append("\":");
  }

 private:
  static void require(bool holds, std::string_view field, std::string_view expected) {
    if (!holds) throw PayloadError{"'" + std::string{field} + "' is not " + std::string{expected}};
  }

  std::string& out_;  // not owned
  bool first_ = true;
};

void write_backoff(std::string& out, const Backoff& backoff) {
  FieldWriter fields{out};
  fields.text("kind", backoff.kind == Backoff::Kind::kFixed ? kFixedWord : kExponentialWord);
  fields.wait("base_ms", backoff.base);
  fields.number("factor", backoff.factor, 1, kMaxFactor, kFactorRule);
  fields.wait("cap_ms", backoff.cap);
  fields.number("jitter", backoff.jitter, 0, 1, kJitterRule);
  fields.end();
}

void write_errors(std::string& out, const std::vector<AttemptError>& errors) {
  char separator = '[';
  for (const AttemptError& error : errors) {
    out += std::exchange(separator, ',');
    FieldWriter fields{out};
    fields.integer("attempt", error.attempt, 1, kMaxAttempts);
    fields.time("at", error.at);
    fields.text("worker", error.worker);
    fields.text("error", error.error);
    if (!error.type.empty()) fields.text("type", error.type);
    fields.end();
  }
  out += ']';
}

void write_envelope(std::string& out, const Envelope& envelope) {
  FieldWriter fields{out};
  fields.key("v") += std::to_string(Envelope::kVersion);
  fields.text("id", envelope.id.str());
  fields.name("task", envelope.task);
  if (!envelope.args.is_array()) throw PayloadError{"'args' is not an array"};
  fields.value("args", envelope.args, kArgsLimits);
  fields.name("queue", envelope.queue);
  fields.time("enqueued_at", envelope.enqueued_at);
  if (envelope.attempt != 1) fields.integer("attempt", envelope.attempt, 1, kMaxAttempts);
  if (envelope.max_retries) fields.integer("max_retries", *envelope.max_retries, 0, kMaxAttempts - 1);
  if (envelope.backoff) write_backoff(fields.key("backoff"), *envelope.backoff);
  if (envelope.expires_at) fields.time("expires_at", *envelope.expires_at);
  if (!envelope.database.empty()) fields.name("database", envelope.database);
  if (envelope.durable) fields.key("durable") += "true";
  if (envelope.crashes != 0) fields.integer("crashes", envelope.crashes, 0, kMaxAttempts);
  if (!envelope.errors.empty()) write_errors(fields.key("errors"), envelope.errors);
  if (envelope.unknown_since) fields.time("unknown_since", *envelope.unknown_since);
  if (!envelope.trace.is_null()) fields.value("trace", envelope.trace, kTraceLimits);
  fields.end();
}

// ---- Reading

std::optional<Backoff> read_backoff(JsonFields& outer) {
  json* const object = outer.object("backoff");
  if (object == nullptr) return std::nullopt;
  JsonFields fields{*object, "backoff."};
  const std::string_view kind = fields.text("kind");
  if (kind != kFixedWord && kind != kExponentialWord)
    fields.reject("kind", "the text 'fixed' or 'exponential'");
  const std::chrono::milliseconds base = fields.wait("base_ms");
  Backoff backoff = kind == kFixedWord ? fixed(base) : exponential(base, Backoff{}.cap);
  if (fields.has("factor")) backoff.factor = fields.number("factor", 1, kMaxFactor, kFactorRule);
  if (fields.has("cap_ms")) backoff.cap = fields.wait("cap_ms");
  if (fields.has("jitter")) backoff.jitter = fields.number("jitter", 0, 1, kJitterRule);
  outer.adopt(fields.flaw());
  return backoff;
}

std::vector<AttemptError> read_errors(JsonFields& outer) {
  json* const array = outer.array("errors");
  if (array == nullptr) return {};
  std::vector<AttemptError> errors;
  errors.reserve(array->size());
  for (json& element : *array) {
    const std::string path = "errors[" + std::to_string(errors.size()) + "]";
    if (!element.is_object()) {
      outer.adopt("field '" + path + "' must be an object");
      return {};
    }
    JsonFields fields{element, path + "."};
    AttemptError& error = errors.emplace_back();
    error.attempt = static_cast<int>(fields.integer("attempt", 1, kMaxAttempts));
    error.at = fields.time("at");
    error.worker = fields.text("worker");
    error.error = fields.text("error");
    if (fields.has("type")) error.type = fields.text("type");
    outer.adopt(fields.flaw());
  }
  return errors;
}

/// True if a worker has written into the job: what it adds must not push a job over its limit.
bool was_handled(const Envelope& envelope) {
  return envelope.attempt > 1 || envelope.crashes > 0 || !envelope.errors.empty() || envelope.unknown_since;
}

json read_args(JsonFields& fields) {
  json* const args = fields.array("args");
  if (args == nullptr) return json::array();
  if (count_values(*args) > kArgsValueLimit) {
    fields.adopt("field 'args' holds more than " + std::to_string(kArgsValueLimit) + " values");
  }
  return std::move(*args);
}

json read_trace(JsonFields& fields) {
  json* const trace = fields.find("trace");
  if (trace == nullptr) return nullptr;
  if (count_values(*trace) > kTraceValueLimit) {
    fields.adopt("field 'trace' holds more than " + std::to_string(kTraceValueLimit) + " values");
  }
  return std::move(*trace);
}

}  // namespace

std::string encode(const Envelope& envelope) {
  constexpr std::size_t kUsualSize = 256;
  std::string out;
  out.reserve(kUsualSize);
  try {
    write_envelope(out, envelope);
  } catch (const PayloadError& error) {
    throw PayloadError{"cannot encode job " + envelope.id.str() + " of task '" +
                       clean_text(envelope.task, kNameLimit) + "': " + error.what()};
  }
  return out;
}

std::variant<Envelope, Malformed> read_envelope(json& tree) {
  if (!tree.is_object()) return Malformed{"a job must be a JSON object"};
  JsonFields fields{tree};
  // The version first: what the other fields mean hangs on it.
  const json* const version = fields.find("v");
  if (version == nullptr || !version->is_number_integer() || *version != Envelope::kVersion) {
    fields.reject("v", "1, the version of the format that this worker reads");
    const bool later = version != nullptr && version->is_number_integer() && *version > Envelope::kVersion;
    return Malformed{.reason = *fields.flaw(), .elsewhere = later};
  }
  const auto id = JobId::parse(fields.text("id"));
  if (!id) fields.reject("id", "a UUID of 36 characters");
  if (fields.flaw()) return Malformed{*fields.flaw()};

  Envelope envelope{.id = *id};
  envelope.task = fields.name("task");
  envelope.args = read_args(fields);
  envelope.queue = fields.name("queue");
  envelope.enqueued_at = fields.time("enqueued_at");
  if (fields.has("attempt")) envelope.attempt = static_cast<int>(fields.integer("attempt", 1, kMaxAttempts));
  if (fields.has("max_retries")) {
    envelope.max_retries = static_cast<int>(fields.integer("max_retries", 0, kMaxAttempts - 1));
  }
  if (fields.has("backoff")) envelope.backoff = read_backoff(fields);
  if (fields.has("expires_at")) envelope.expires_at = fields.time("expires_at");
  if (fields.has("database")) envelope.database = fields.name("database");
  if (fields.has("durable")) envelope.durable = fields.boolean("durable");
  if (fields.has("crashes")) envelope.crashes = static_cast<int>(fields.integer("crashes", 0, kMaxAttempts));
  if (fields.has("errors")) envelope.errors = read_errors(fields);
  if (fields.has("unknown_since")) envelope.unknown_since = fields.time("unknown_since");
  if (fields.has("trace")) envelope.trace = read_trace(fields);
  if (fields.flaw()) return Malformed{*fields.flaw()};
  return envelope;
}

std::variant<Envelope, Malformed> decode(std::string_view text, std::size_t size_limit) {
  const auto too_large = [&] {
    return Malformed{.reason = "a job of " + std::to_string(text.size()) + " bytes is over the limit of " +
                               std::to_string(size_limit),
                     .elsewhere = true};
  };
  const bool over_limit = text.size() > size_limit;
  if (over_limit && text.size() - size_limit > kErrorsRoom) return too_large();

  if (!over_limit) {
    if (auto plain = read_plain_envelope(text)) return std::move(*plain);
  }
  auto parsed = parse_json(text, kTextLimits);
  if (auto* const malformed = std::get_if<Malformed>(&parsed)) return std::move(*malformed);
  auto result = read_envelope(std::get<json>(parsed));
  const auto* const envelope = std::get_if<Envelope>(&result);
  if (envelope && over_limit && !was_handled(*envelope)) return too_large();
  return result;
}

void add_error(Envelope& envelope, AttemptError error) {
  error.worker = clean_text(error.worker, kWorkerTextLimit);
  error.error = clean_text(error.error, kErrorTextLimit);
  error.type = clean_text(error.type, kTypeTextLimit);
  envelope.errors.push_back(std::move(error));
  if (envelope.errors.size() > kErrorsKept) envelope.errors.erase(std::next(envelope.errors.begin()));
}

}  // namespace aftercommit
