/// Follows nlohmann's event parser and keeps nothing but the few fields that name a job.
#include "broker/envelope/job_identity.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/text/text.hpp"
#include "broker/envelope/envelope_fields.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;

/// Receives the parser's events (nlohmann's SAX interface).
class Identifier {
 public:
  bool null() { return true; }
  bool boolean(bool value) {
    if (at(fields::kKeyOf<&Envelope::durable>)) found_.may_be_durable = value;
    return true;
  }
  bool number_integer(std::int64_t) { return true; }
  bool number_unsigned(std::uint64_t value) {
    const bool is_level = value <= static_cast<std::uint64_t>(Priority::kLow);
    if (at(fields::kKeyOf<&Envelope::priority>) && is_level) found_.priority = static_cast<Priority>(value);
    return true;
  }
  bool number_float(double, const std::string&) { return true; }
  bool string(std::string& value) {
    if (at(fields::kKeyOf<&Envelope::id>) && !found_.id) found_.id = JobId::parse(value);
    if (at(fields::kKeyOf<&Envelope::queue>) && valid_name(value)) found_.queue = value;
    if (at(fields::kKeyOf<&Envelope::database>) && valid_name(value)) found_.database = value;
    return true;
  }
  bool binary(json::binary_t&) { return true; }

  bool start_object(std::size_t) { return enter(); }
  bool start_array(std::size_t) { return enter(); }
  bool end_object() { return leave(); }
  bool end_array() { return leave(); }

  bool key(std::string& name) {
    if (depth_ == 1) key_ = name;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const json::exception&) {
    found_.may_be_durable = true;  // what says otherwise may stand in the rest
    return false;
  }

  const JobIdentity& found() const { return found_; }

 private:
  bool at(const JsonKey& field) const { return depth_ == 1 && key_ == field.name(); }
  /// What nests deeper is no job, and may be a text of brackets without end.
  bool enter() {
    if (++depth_ <= kDeepest) return true;
    found_.may_be_durable = true;  // as below
    return false;
  }
  bool leave() {
    --depth_;
    return true;
  }

  static constexpr int kDeepest = kArgsDepthLimit + 1;  // with the object around the arguments

  JobIdentity found_;
  std::string key_;  // of the outermost object
  int depth_ = 0;
};

}  // namespace

JobIdentity identify(std::string_view text) {
  Identifier identifier;
  json::sax_parse(text.begin(), text.end(), &identifier);
  return identifier.found();
}

}  // namespace aftercommit
