/// What the doctor has seen and what he makes of it, apart from how it is printed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operate/json.hpp"

namespace aftercommit::operate {

enum class Severity : std::uint8_t {
  kNote,     ///< worth knowing
  kWarning,  ///< costs time, or will be trouble one day
  kDanger,   ///< breaks, or may break, a promise of docs/guarantees.md
};

/// "note", "warning", "danger"
std::string_view word(Severity severity);

/// One thing that is not as it should be.
struct Diagnosis {
  Severity severity = Severity::kNote;
  std::string place;   ///< "redis", "database default", "this machine"
  std::string what;    ///< a setting, or what else it is about: "maxmemory-policy"
  std::string value;   ///< as it is
  std::string why;     ///< a sentence: what follows from it
  std::string remedy;  ///< a sentence: what to do; may be a command
};

/// Something that was looked at, be it as it should be or not.
struct Fact {
  std::string place;
  std::string what;
  std::string value;
};

/// The result of one visit.
struct Examination {
  std::vector<Fact> facts{};
  std::vector<Diagnosis> diagnoses{};
  std::vector<std::string> away{};  ///< places that did not answer, which are among the diagnoses as well

  /// Whether a promise is in danger.
  bool endangered() const;
  /// The worst first, otherwise in the order in which they were found.
  void sort();
};

Json in_json(const Examination& examination);

/// What the subjects write to: everything is of one place.
class Notes {
 public:
  /// `to` is not owned and outlives this.
  Notes(Examination& to, std::string place) : to_{to}, place_{std::move(place)} {}

  void fact(std::string what, std::string value);
  void found(Severity severity, std::string what, std::string value, std::string why, std::string remedy);
  /// What was to be looked at and cannot be, because of `error`.
  void not_told(std::string what, std::string error, std::string remedy);

 private:
  Examination& to_;  // not owned, outlives this
  const std::string place_;
};

/// "1.5 GB", "820 MB", "12 kB", "3 bytes"
std::string in_bytes(double bytes);

}  // namespace aftercommit::operate
