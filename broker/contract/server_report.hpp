/// What the server of a broker tells of itself, for whoever judges whether it is set up as it should be.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/contract/names.hpp"

namespace aftercommit {

/// Nothing in it is judged.  What the server keeps to itself is missing.
struct ServerReport {
  using Values = std::map<std::string, std::string, std::less<>>;

  std::string server{};     ///< for sentences: "127.0.0.1:6379"; empty: within this process
  bool as_cluster = false;  ///< it was asked as one node of a cluster
  std::string user{};       ///< as whom this program is known there; empty: not told
  Values state{};           ///< what it counts and is: the lines of INFO
  Values settings{};        ///< as CONFIG GET gives them
  bool settings_denied = false;
  std::vector<std::string> denied{};  ///< commands that a worker calls and this user may not
  std::optional<Millis> ahead{};      ///< of its clock before that of this machine
  Millis ahead_within{0};             ///< by how much that may be wrong: half of a round trip

  /// Empty where it was not told.
  std::string_view of_state(std::string_view name) const { return find(state, name); }
  std::string_view of_settings(std::string_view name) const { return find(settings, name); }

 private:
  static std::string_view find(const Values& values, std::string_view name) {
    const auto value = values.find(name);
    return value == values.end() ? std::string_view{} : std::string_view{value->second};
  }
};

}  // namespace aftercommit
