/// The envelope's JSON: written and read by the table of its fields.
#include "broker/envelope/envelope.hpp"

#include <iterator>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/json/json_fields.hpp"
#include "base/json/json_parser.hpp"
#include "broker/envelope/envelope_fields.hpp"
#include "broker/envelope/plain_envelope.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;

/// What is unknown in an object may be as deep as the text allows, after so many levels inside the job's own.
constexpr JsonLimits unknown_limits(int levels) { return {kArgsDepthLimit - levels, kUnknownValueLimit}; }

std::size_t count_unknown(const Envelope& envelope) {
  auto count = count_values(envelope.unknown) + count_values(envelope.unknown_in_backoff);
  for (const AttemptError& error : envelope.errors) count += count_values(error.unknown);
  return count;
}

std::string too_many_unknown() {
  return "fields that this program does not know hold more than " + std::to_string(kUnknownValueLimit) +
         " values";
}

void write_envelope(std::string& out, const Envelope& envelope) {
  if (count_unknown(envelope) > kUnknownValueLimit) throw PayloadError{too_many_unknown()};
  fields::write_object(out, fields::kEnvelope, envelope, envelope.unknown, unknown_limits(0));
}

/// True if a worker has written into the job: what it adds must not push a job over its limit.
bool was_handled(const Envelope& envelope) {
  const auto handled = [&](const auto& field) {
    return field.writer == fields::WrittenBy::kWorker && field.is_set(envelope);
  };
  return std::apply([&](const auto&... field) { return (handled(field) || ...); }, fields::kEnvelope);
}

/// Where an envelope is read into.
Envelope empty_envelope() {
  static const JobId kNone = JobId::parse("00000000-0000-0000-0000-000000000000").value();
  return {.id = kNone};
}

}  // namespace

void fields::ErrorList::write(std::string& out, std::string_view /*name*/,
                              const std::vector<AttemptError>& errors) {
  char separator = '[';
  for (const AttemptError& error : errors) {
    out += std::exchange(separator, ',');
    write_object(out, kAttemptError, error, error.unknown, unknown_limits(2));
  }
  out += ']';
}

void fields::ErrorList::read(JsonFields& in, std::string_view name, std::vector<AttemptError>& errors) {
  json* const array = in.array(name);
  if (array == nullptr) return;
  errors.reserve(array->size());
  for (json& element : *array) {
    const std::string path = std::string{name} + "[" + std::to_string(errors.size()) + "]";
    if (!element.is_object()) return in.adopt("field '" + path + "' must be an object");
    JsonFields inner{element, path + "."};
    AttemptError& error = errors.emplace_back();
    read_object(inner, element, kAttemptError, error, error.unknown);
    in.adopt(inner.flaw());
  }
}

void fields::BackoffField::write(std::string& out, const Envelope& envelope) const {
  if (!is_set(envelope)) return;
  out += key.text();
  write_object(out, kBackoff, *envelope.backoff, envelope.unknown_in_backoff, unknown_limits(1));
}

bool fields::BackoffField::read(JsonFields& in, Envelope& envelope) const {
  if (!in.has(key.name())) return false;
  json* const object = in.object(key.name());
  if (object == nullptr) return true;
  JsonFields inner{*object, std::string{key.name()} + "."};
  Backoff backoff;
  read_object(inner, *object, kBackoff, backoff, envelope.unknown_in_backoff);
  if (backoff.kind == Backoff::Kind::kFixed) {
    backoff = fixed(backoff.base);  // what is left out means something else here
    read_fields(inner, kBackoff, backoff);
  }
  envelope.backoff = backoff;
  in.adopt(inner.flaw());
  return true;
}

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
  JsonFields in{tree};
  // The version first: what the other fields mean hangs on it.
  constexpr auto kVersion = std::get<fields::Version>(fields::kEnvelope).key.name();
  const json* const version = in.find(kVersion);
  if (version == nullptr || !version->is_number_integer() || *version != Envelope::kVersion) {
    in.reject(kVersion, "1, the version of the format that this worker reads");
    const bool later = version != nullptr && version->is_number_integer() && *version > Envelope::kVersion;
    return Malformed{.reason = *in.flaw(), .elsewhere = later};
  }
  auto envelope = empty_envelope();
  fields::read_object(in, tree, fields::kEnvelope, envelope, envelope.unknown);
  if (count_unknown(envelope) > kUnknownValueLimit) in.adopt(too_many_unknown());
  if (in.flaw()) return Malformed{*in.flaw()};
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
  auto parsed = parse_json(text, kEnvelopeLimits);
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
  error.log = clean_text(error.log, kLogTextLimit);
  auto& errors = envelope.errors;
  errors.push_back(std::move(error));
  if (errors.size() > kErrorsKept) errors.erase(std::next(errors.begin()));
  if (errors.size() > kLogsKept) errors[errors.size() - kLogsKept - 1].log.clear();
}

}  // namespace aftercommit
