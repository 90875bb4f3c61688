/// `aftercommit doctor`: are the servers set up so that the promises hold?
#include "operate/doctor/doctor.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <string>
#include <string_view>

#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

using operate::Examination;
using operate::Severity;

constexpr std::size_t kWidth = 100;
constexpr std::size_t kFactShown = 120;
constexpr std::size_t kSentenceShown = 1000;

Colour colour_of(Severity severity) {
  switch (severity) {
    case Severity::kDanger:
      return Colour::kRed;
    case Severity::kWarning:
      return Colour::kYellow;
    case Severity::kNote:
      break;
  }
  return Colour::kDim;
}

/// In lines of kWidth at most, each behind the same indent.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string lines;
  const std::string before(indent, ' ');
  while (!text.empty()) {
    auto end = text.size();
    if (end + indent > kWidth) {
      end = text.rfind(' ', kWidth - indent);
      if (end == std::string_view::npos || end == 0) end = std::min(text.find(' ', 1), text.size());
    }
    lines.append(before).append(text.substr(0, end)).append(1, '\n');
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

void print_facts(const Examination& examination) {
  std::string_view place;
  for (const auto& fact : examination.facts) {
    if (fact.place != place) std::cout << fact.place << '\n';
    place = fact.place;
    std::cout << "  " << one_line(fact.what, 60) << ": " << one_line(fact.value, kFactShown) << '\n';
  }
}

void print_diagnoses(const Examination& examination, bool coloured) {
  for (const auto& found : examination.diagnoses) {
    const std::string severity{word(found.severity)};
    std::cout << '\n'
              << (coloured ? painted(severity, colour_of(found.severity)) : severity) << "  " << found.place
              << ": " << one_line(found.what, 80) << " = " << one_line(found.value, kFactShown) << '\n'
              << wrapped(one_line(found.why, kSentenceShown), 2)
              << wrapped("-> " + one_line(found.remedy, kSentenceShown), 2);
  }
}

std::size_t count(const Examination& examination, Severity severity) {
  return static_cast<std::size_t>(
      std::ranges::count(examination.diagnoses, severity, &operate::Diagnosis::severity));
}

void print_examination(const Examination& examination) {
  print_facts(examination);
  print_diagnoses(examination, colours_wanted(STDOUT_FILENO));
  const auto dangers = count(examination, Severity::kDanger);
  const auto warnings = count(examination, Severity::kWarning);
  std::cout << '\n';
  if (dangers > 0) {
    std::cout << count_of(dangers, "danger") << " to what docs/guarantees.md promises, "
              << count_of(warnings, "warning") << ", "
              << count_of(count(examination, Severity::kNote), "note") << ".\n";
  } else {
    std::cout << "Nothing endangers the guarantees: " << count_of(warnings, "warning") << ", "
              << count_of(count(examination, Severity::kNote), "note") << ".\n";
  }
}

}  // namespace

int doctor(const Options& options) {
  operate::Servers servers{options.connections};
  const auto examination =
      operate::examine(servers, {.processes = options.processes, .concurrency = options.concurrency});
  if (options.json) {
    print_json(operate::in_json(examination));
  } else {
    print_examination(examination);
  }
  if (!examination.away.empty()) return kExitServers;
  return examination.endangered() ? kExitFound : kExitDone;
}

}  // namespace aftercommit::cli
