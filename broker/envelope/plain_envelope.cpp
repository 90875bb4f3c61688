#include "broker/envelope/plain_envelope.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/json/json_fields.hpp"
#include "base/json/json_key.hpp"
#include "base/json/json_parser.hpp"
#include "broker/envelope/envelope_fields.hpp"

namespace aftercommit {
namespace {

using fields::kKeyOf;

/// Takes a text apart from its start; once something is not as expected, it has failed for good.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_{text} {}

  bool skip(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  void need(std::string_view expected) { good_ &= skip(expected); }
  bool skip(const JsonKey& key) { return skip(key.text()); }
  void need(const JsonKey& key) { need(key.text()); }

  /// Between two quotes, which are skipped.  What is read here has no escapes, or it is no name and no id.
  std::string_view quoted() {
    need("\"");
    const auto text = take(rest_.find('"'));
    need("\"");
    return text;
  }

  /// A whole number without a sign, as JSON has it.
  std::int64_t number() {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    const auto digits = static_cast<std::size_t>(end - rest_.data());
    good_ &=
        error == std::errc{} && value >= 0 && rest_.front() != '-' && (rest_.front() != '0' || digits == 1);
    rest_.remove_prefix(digits);
    return value;
  }

  /// An array with all that is in it.
  std::string_view array() {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < rest_.size() && rest_.front() == '['; ++i) {
      const char c = rest_[i];
      if (in_string) {
        if (c == '\\') ++i;
        if (c == '"') in_string = false;
      } else if (c == '"') {
        in_string = true;
      } else if (c == '[' || c == '{') {
        ++depth;
      } else if ((c == ']' || c == '}') && --depth == 0) {
        return take(i + 1);
      }
    }
    good_ = false;
    return {};
  }

  /// All is read, and was as expected.
  bool done() const { return good_ && rest_.empty(); }
  bool good() const { return good_; }

 private:
  std::string_view take(std::size_t size) {
    good_ &= size <= rest_.size();
    if (!good_) return {};
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::optional<Envelope> read_plain_envelope(std::string_view text) {
  Cursor cursor{text};
  cursor.need(R"({"v":1)");
  cursor.need(kKeyOf<&Envelope::id>);
  const auto id = JobId::parse(cursor.quoted());
  cursor.need(kKeyOf<&Envelope::task>);
  const auto task = cursor.quoted();
  cursor.need(kKeyOf<&Envelope::args>);
  const auto args = cursor.array();
  cursor.need(kKeyOf<&Envelope::queue>);
  const auto queue = cursor.quoted();
  cursor.need(kKeyOf<&Envelope::enqueued_at>);
  const auto enqueued_at = cursor.number();
  const auto database =
      cursor.skip(kKeyOf<&Envelope::database>) ? std::optional{cursor.quoted()} : std::nullopt;
  const auto level = cursor.skip(kKeyOf<&Envelope::priority>) ? cursor.number()
                                                              : static_cast<std::int64_t>(Priority::kNormal);
  const bool durable = cursor.skip(kKeyOf<&Envelope::durable>);
  if (durable) cursor.need("true");
  cursor.need("}");
  if (!cursor.done() || !id || enqueued_at > kLatestTimeMs ||
      level > static_cast<std::int64_t>(Priority::kLow))
    return std::nullopt;
  if (!valid_name(task) || !valid_name(queue) || (database && !valid_name(*database))) return std::nullopt;

  auto parsed = parse_json(args, {kArgsDepthLimit, kArgsValueLimit});
  auto* const tree = std::get_if<nlohmann::json>(&parsed);
  if (tree == nullptr || !tree->is_array()) return std::nullopt;
  return Envelope{
      .id = *id,
      .task = std::string{task},
      .args = std::move(*tree),
      .queue = std::string{queue},
      .enqueued_at = std::chrono::system_clock::time_point{std::chrono::milliseconds{enqueued_at}},
      .database = std::string{database.value_or("")},
      .priority = static_cast<Priority>(level),
      .durable = durable};
}

}  // namespace aftercommit
