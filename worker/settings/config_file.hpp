/// The file of --config: a line for each option.
#pragma once

#include <string>
#include <vector>

namespace aftercommit::worker {

/// One line of it.
struct ConfigLine {
  std::string option;  ///< as on the command line, without its dashes: "log-level"
  std::string alias;   ///< with `option` database, where the line has said it by its name; else empty
  std::string value;   ///< never empty
  int number = 0;      ///< of the line, from 1 on
};

/// Lines of the form `name = value`; empty ones, and those that begin with # or ;, say nothing.  A value may
/// stand in quotes.  A name is that of an option (`log-level`) or of its variable (AFTERCOMMIT_LOG_LEVEL,
/// REDIS_URL, DATABASE_URL, DATABASE_URL_REPORTS).  Throws UsageError, naming the line, for what is none of
/// that, for an option that is none of `known`, with the one that was probably meant, and for one that stands
/// there twice.
class ConfigFile {
 public:
  ConfigFile() = default;
  /// Throws UsageError where the file cannot be read.
  ConfigFile(std::string path, const std::vector<std::string>& known);
  /// The same with the text of the file.
  static ConfigFile of_text(std::string path, const std::string& text, const std::vector<std::string>& known);

  const std::vector<ConfigLine>& lines() const noexcept { return lines_; }
  /// The line of an option; null: there is none.  For those that may stand there once.
  const ConfigLine* find(const std::string& option) const;
  /// "line 3 of '/etc/shop/worker.conf'"
  std::string place_of(const ConfigLine& line) const;

 private:
  void read(const std::string& text, const std::vector<std::string>& known);
  void read_line(std::string line, int number, const std::vector<std::string>& known);

  std::string path_;
  std::vector<ConfigLine> lines_;
};

}  // namespace aftercommit::worker
