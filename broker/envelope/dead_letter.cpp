/// The dead letter's JSON: the end of a job, around the job itself.
#include "broker/envelope/dead_letter.hpp"

#include <algorithm>
#include <utility>

#include "base/epoch_ms.hpp"
#include "base/json/json_fields.hpp"
#include "base/json/json_parser.hpp"
#include "base/json/json_writer.hpp"
#include "base/text/base64.hpp"
#include "broker/envelope/dead_letter_fields.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;

constexpr std::size_t kEntryTextLimit = 64;
constexpr std::size_t kFieldsRoom = 1'000;  // the letter's own fields, and those of later versions
constexpr JsonLimits kLimits{kEnvelopeLimits.depth + 1, kEnvelopeLimits.values + kFieldsRoom};

std::string read_raw(JsonFields& in) {
  if (!in.has(fields::kRawBase64.name())) return std::string{in.text(fields::kRaw.name())};
  auto raw = from_base64(in.text(fields::kRawBase64.name()));
  if (!raw) in.reject(fields::kRawBase64.name(), "base64");
  return std::move(raw).value_or("");
}

std::optional<Envelope> read_job(JsonFields& in) {
  json* const tree = in.object(fields::kJob.name());
  if (tree == nullptr) return std::nullopt;
  auto job = read_envelope(*tree);
  if (const auto* const malformed = std::get_if<Malformed>(&job)) {
    in.adopt("in 'job': " + malformed->reason);
    return std::nullopt;
  }
  return std::get<Envelope>(std::move(job));
}

}  // namespace

Envelope revived(Envelope job) {
  job.attempt = 1;
  job.crashes = 0;
  job.unknown_since.reset();
  job.snoozes = 0;
  job.retry_until.reset();
  job.death_cause.clear();
  job.death_reason.clear();
  job.death_id.clear();
  job.undo = false;
  return job;
}

std::string_view to_string(DeadLetter::Cause cause) noexcept {
  const auto known =
      std::ranges::find(fields::kCauses, cause, &std::pair<DeadLetter::Cause, std::string_view>::first);
  return known == fields::kCauses.end() ? "unknown" : known->second;
}

std::string encode(const DeadLetter& letter) {
  const auto at = std::chrono::floor<std::chrono::milliseconds>(letter.at.time_since_epoch());
  const DeadLetter said{.cause = letter.cause,
                        .reason = clean_text(letter.reason),
                        .worker = clean_text(letter.worker, kWorkerTextLimit),
                        .at = from_epoch_ms(at.count()),
                        .entry = clean_text(letter.entry, kEntryTextLimit),
                        .raw = {}};
  std::string out;
  fields::write_fields(out, fields::kDeadLetter, said);
  out[0] = '{';  // where the first comma was
  if (letter.job) {
    out.append(fields::kJob.text()) += encode(*letter.job);
  } else if (valid_utf8(letter.raw)) {
    append_json_string(out.append(fields::kRaw.text()), letter.raw);
  } else {
    append_json_string(out.append(fields::kRawBase64.text()), to_base64(letter.raw));
  }
  out += '}';
  return out;
}

std::variant<DeadLetter, Malformed> decode_dead_letter(std::string_view text) {
  auto parsed = parse_json(text, kLimits);
  if (auto* const malformed = std::get_if<Malformed>(&parsed)) return std::move(*malformed);
  auto& tree = std::get<json>(parsed);
  if (!tree.is_object()) return Malformed{"a dead letter must be a JSON object"};

  JsonFields in{tree};
  DeadLetter letter;
  fields::read_fields(in, fields::kDeadLetter, letter);
  if (in.has(fields::kJob.name())) {
    letter.job = read_job(in);
  } else {
    letter.raw = read_raw(in);
    // What one worker could not read another may: of a later version, or with a greater limit.
    auto job = decode(letter.raw, letter.raw.size());
    if (auto* const envelope = std::get_if<Envelope>(&job)) letter.job = std::move(*envelope);
  }
  if (in.flaw()) return Malformed{*in.flaw()};
  return letter;
}

}  // namespace aftercommit
