/// The dead letter's JSON: the end of a job, around the job itself.
#include "broker/envelope/dead_letter.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json/json_fields.hpp"
#include "base/json/json_parser.hpp"
#include "base/json/json_writer.hpp"
#include "base/text/base64.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kEntryTextLimit = 64;
constexpr std::size_t kFieldsRoom = 3'000;  // the letter's own fields, the job's, its trace and errors
constexpr JsonLimits kLimits{kArgsDepthLimit + 2, kArgsValueLimit + kFieldsRoom};

constexpr std::array<std::pair<DeadLetter::Cause, std::string_view>, 5> kCauses{{
    {DeadLetter::Cause::kRetriesExhausted, "retries_exhausted"},
    {DeadLetter::Cause::kRejected, "rejected"},
    {DeadLetter::Cause::kMalformed, "malformed"},
    {DeadLetter::Cause::kUnknownTask, "unknown_task"},
    {DeadLetter::Cause::kCrashed, "crashed"},
}};

void append_text(std::string& out, std::string_view key, std::string_view value) {
  out.append(",\"").append(key).append("\":");
  append_json_string_lossy(out, value);
}

DeadLetter::Cause read_cause(JsonFields& fields) {
  const std::string_view word = fields.text("cause");
  const auto known =
      std::ranges::find(kCauses, word, &std::pair<DeadLetter::Cause, std::string_view>::second);
  if (known != kCauses.end()) return known->first;
  fields.reject("cause", "one of retries_exhausted, rejected, malformed, unknown_task, crashed");
  return {};
}

std::string read_raw(JsonFields& fields) {
  if (!fields.has("raw_base64")) return std::string{fields.text("raw")};
  auto raw = from_base64(fields.text("raw_base64"));
  if (!raw) fields.reject("raw_base64", "base64");
  return std::move(raw).value_or("");
}

std::optional<Envelope> read_job(JsonFields& fields) {
  json* const tree = fields.object("job");
  if (tree == nullptr) return std::nullopt;
  auto job = read_envelope(*tree);
  if (const auto* const malformed = std::get_if<Malformed>(&job)) {
    fields.adopt("in 'job': " + malformed->reason);
    return std::nullopt;
  }
  return std::get<Envelope>(std::move(job));
}

}  // namespace

Envelope revived(Envelope job) {
  job.attempt = 1;
  job.crashes = 0;
  job.unknown_since.reset();
  return job;
}

std::string_view to_string(DeadLetter::Cause cause) noexcept {
  const auto known =
      std::ranges::find(kCauses, cause, &std::pair<DeadLetter::Cause, std::string_view>::first);
  return known == kCauses.end() ? "unknown" : known->second;
}

std::string encode(const DeadLetter& letter) {
  const auto at = std::chrono::floor<std::chrono::milliseconds>(letter.at.time_since_epoch());
  std::string out = "{\"v\":" + std::to_string(kVersion);
  append_text(out, "cause", to_string(letter.cause));
  append_text(out, "reason", clean_text(letter.reason));
  append_text(out, "worker", clean_text(letter.worker, kWorkerTextLimit));
  out += ",\"at\":";
  append_json_integer(out, std::clamp<std::int64_t>(at.count(), 0, kLatestTimeMs));
  append_text(out, "entry", clean_text(letter.entry, kEntryTextLimit));
  if (letter.job) {
    out += ",\"job\":" + encode(*letter.job);
  } else if (valid_utf8(letter.raw)) {
    append_text(out, "raw", letter.raw);
  } else {
    append_text(out, "raw_base64", to_base64(letter.raw));
  }
  out += '}';
  return out;
}

std::variant<DeadLetter, Malformed> decode_dead_letter(std::string_view text) {
  auto parsed = parse_json(text, kLimits);
  if (auto* const malformed = std::get_if<Malformed>(&parsed)) return std::move(*malformed);
  auto& tree = std::get<json>(parsed);
  if (!tree.is_object()) return Malformed{"a dead letter must be a JSON object"};

  JsonFields fields{tree};
  fields.integer("v", kVersion, kVersion);
  DeadLetter letter;
  letter.cause = read_cause(fields);
  letter.reason = fields.text("reason");
  letter.worker = fields.text("worker");
  letter.at = fields.time("at");
  letter.entry = fields.text("entry");
  if (fields.has("job")) {
    letter.job = read_job(fields);
  } else {
    letter.raw = read_raw(fields);
    // What one worker could not read another may: of a later version, or with a greater limit.
    auto job = decode(letter.raw, letter.raw.size());
    if (auto* const envelope = std::get_if<Envelope>(&job)) letter.job = std::move(*envelope);
  }
  if (fields.flaw()) return Malformed{*fields.flaw()};
  return letter;
}

}  // namespace aftercommit
