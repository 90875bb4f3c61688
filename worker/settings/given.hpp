/// What an option was given, and where: on the command line, in the environment, in the file of --config.
#pragma once

#include <cxxopts.hpp>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/settings/config_file.hpp"

namespace aftercommit::worker {

/// The first of these that says something counts.
class Given {
 public:
  struct Value {
    std::string text;
    std::string from;  ///< "--lease", "AFTERCOMMIT_LEASE", "line 3 of '/etc/worker.conf'", "default"
  };

  /// Neither is owned; both outlive this.
  Given(const cxxopts::ParseResult& parsed, const ConfigFile& file) : parsed_{parsed}, file_{file} {}

  /// Of an option that takes a value; empty where there is none.
  std::string optional_value_of(const std::string& option) const;
  /// Of one that has a default.
  std::string value_of(const std::string& option) const;
  bool says(const std::string& option) const { return !look(option).from.empty(); }
  /// One without a value: given, or its variable or line says 1 or true.
  bool flag(const std::string& option) const;

  /// The URL of Redis, if the command line or the file says it; empty also where the environment does, which
  /// the app reads by itself.
  std::string redis_url() const;
  /// The same for databases, by alias.
  std::map<std::string, std::string> database_urls() const;

  /// Of an error about the value of an option: where that stands, if it is the file.
  std::string blame(std::string_view error) const;

  /// For --check-config: a line for each of `options`, with no password in it.
  std::string table(const std::vector<std::string>& options) const;

 private:
  Value look(const std::string& option) const;
  Value shown(const std::string& option) const;
  void add_databases(std::vector<std::pair<std::string, Value>>& rows) const;

  const cxxopts::ParseResult& parsed_;
  const ConfigFile& file_;
  mutable std::string asked_last_;
};

/// AFTERCOMMIT_LOG_LEVEL of "log-level".
std::string environment_name(std::string_view option);

}  // namespace aftercommit::worker
