#include "client/statements/frequent_statements.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace aftercommit::detail {
namespace {

constexpr int kOften = 5;
constexpr std::chrono::seconds kWithin{1};
constexpr std::size_t kMostStatements = 100;
constexpr std::size_t kMostBytes = 4096;  // of the values: beyond, planning is the least of it

bool writes(std::string_view sql) {
  constexpr std::array<std::string_view, 3> kVerbs{"INSERT", "UPDATE", "DELETE"};
  sql.remove_prefix(std::min(sql.find_first_not_of(" \t\r\n"), sql.size()));
  const auto same = [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; };
  return std::ranges::any_of(kVerbs, [&](std::string_view verb) {
    return std::ranges::equal(sql.substr(0, verb.size()), verb, same);
  });
}

}  // namespace

const std::string* FrequentStatements::find(std::string_view sql, const SqlParams& params,
                                            Clock::time_point now) {
  const auto found = statements_.find(sql);
  if (found == statements_.end() || found->second.count < kOften) return nullptr;
  if (now - found->second.since > kWithin) {
    found->second = {now};
    return nullptr;
  }
  std::size_t bytes = 0;
  for (const auto& param : params) bytes += param ? param->size() : 0;
  return bytes <= kMostBytes ? &found->first : nullptr;
}

void FrequentStatements::note(std::string_view sql, Clock::time_point now) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    if (statements_.size() == kMostStatements || !writes(sql)) return;
    found = statements_.emplace(sql, Uses{now}).first;
  }
  auto& uses = found->second;
  if (now - uses.since > kWithin) uses = {now};
  ++uses.count;
}

}  // namespace aftercommit::detail
