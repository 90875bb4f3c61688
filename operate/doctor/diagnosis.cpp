#include "operate/doctor/diagnosis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

namespace aftercommit::operate {

std::string_view word(Severity severity) {
  switch (severity) {
    case Severity::kNote:
      return "note";
    case Severity::kWarning:
      return "warning";
    case Severity::kDanger:
      break;
  }
  return "danger";
}

bool Examination::endangered() const {
  return std::ranges::any_of(diagnoses,
                             [](const auto& diagnosis) { return diagnosis.severity == Severity::kDanger; });
}

void Examination::sort() {
  std::ranges::stable_sort(diagnoses, std::ranges::greater{}, &Diagnosis::severity);
}

void Notes::fact(std::string what, std::string value) {
  to_.facts.push_back({place_, std::move(what), std::move(value)});
}

void Notes::found(Severity severity, std::string what, std::string value, std::string why,
                  std::string remedy) {
  to_.diagnoses.push_back(
      {severity, place_, std::move(what), std::move(value), std::move(why), std::move(remedy)});
}

void Notes::not_told(std::string what, std::string error, std::string remedy) {
  found(Severity::kNote, std::move(what), "not told", "It could not be looked at: " + std::move(error) + ".",
        std::move(remedy));
}

std::string in_bytes(double bytes) {
  constexpr std::array<std::pair<double, std::string_view>, 4> kUnits{
      {{1e12, " TB"}, {1e9, " GB"}, {1e6, " MB"}, {1e3, " kB"}}};
  for (const auto& [size, unit] : kUnits) {
    if (bytes < size) continue;
    const auto tenths = std::llround(bytes / size * 10);
    auto text = std::to_string(tenths / 10);
    if (tenths < 100 && tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
    return text.append(unit);
  }
  return std::to_string(std::llround(std::max(bytes, 0.0))) + " bytes";
}

Json in_json(const Examination& examination) {
  Json findings = Json::array();
  for (const auto& diagnosis : examination.diagnoses) {
    findings.push_back({{"severity", word(diagnosis.severity)},
                        {"place", diagnosis.place},
                        {"what", diagnosis.what},
                        {"value", diagnosis.value},
                        {"why", diagnosis.why},
                        {"remedy", diagnosis.remedy}});
  }
  Json facts = Json::array();
  for (const auto& fact : examination.facts)
    facts.push_back({{"place", fact.place}, {"what", fact.what}, {"value", fact.value}});
  return {{"endangered", examination.endangered()},
          {"away", examination.away},
          {"findings", std::move(findings)},
          {"facts", std::move(facts)}};
}

}  // namespace aftercommit::operate
