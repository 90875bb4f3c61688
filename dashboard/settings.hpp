/// What a dashboard is told, with its defaults.
#pragma once

#include <string>
#include <vector>

namespace aftercommit::dashboard {

struct Settings {
  std::string host = "127.0.0.1";  ///< an address, or a name that stands for one
  int port = 8080;                 ///< 0: any that is free
  std::string prefix{};            ///< "/jobs", without a slash at the end; empty: none
  bool read_only = false;          ///< refuses each change
  bool show_args = false;          ///< sends arguments, values, headers and texts that could not be read
  /// Parts of arguments that are hidden all the same, see Redaction.
  std::vector<std::string> redact{};
  /// At most one of the two, see Users.  Without any, everybody who can connect may look and act.
  std::string token_file{};
  std::string basic_auth_file{};
  /// Names, beside localhost and addresses, under which browsers may ask for it.
  std::vector<std::string> names{};
  /// http://host:port/metrics of workers, for what they alone know; see Metrics.
  std::vector<std::string> metrics{};
  std::string version{};  ///< of the command, to show
};

}  // namespace aftercommit::dashboard
