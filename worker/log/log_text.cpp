#include "worker/log/log_text.hpp"

#include <cstddef>
#include <nlohmann/json.hpp>

#include "base/text/text.hpp"

namespace aftercommit::worker {
namespace {

/// Masks the texts and numbers among a job's arguments, at all levels: the errors of PostgreSQL and of tasks
/// like to quote them.
void mask_arguments(std::string& text, const nlohmann::json& args) {
  constexpr std::size_t kShortest = 4;  // less is no secret, and would mask half of any sentence
  constexpr std::string_view kMask = "***";
  for (const auto& arg : args) {
    if (arg.is_structured()) mask_arguments(text, arg);
    if (!arg.is_string() && !arg.is_number()) continue;
    const auto value = arg.is_string() ? arg.get<std::string>() : arg.dump();
    if (value.size() < kShortest) continue;
    for (auto at = text.find(value); at != text.npos; at = text.find(value, at + kMask.size())) {
      text.replace(at, value.size(), kMask);
    }
  }
}

}  // namespace

std::string for_log(std::string_view reason, const nlohmann::json& args) {
  std::string text{reason.substr(0, 4 * kErrorTextLimit)};
  mask_arguments(text, args);
  return clean_text(text.substr(0, text.find('\n')));
}

}  // namespace aftercommit::worker
