#include "cli/dashboard_words.hpp"

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "cli/words.hpp"
#include "dashboard/addresses.hpp"
#include "dashboard/redaction.hpp"

namespace aftercommit::cli {

void add_dashboard_words(cxxopts::OptionAdder& add) {
  add("listen", "where browsers connect; an address that others can reach needs a token or passwords",
      cxxopts::value<std::string>()->default_value("127.0.0.1:8080"), "HOST:PORT");
  add("prefix", "the path that all pages are below, as a proxy hands it on", cxxopts::value<std::string>(),
      "PATH");
  add("name",
      "a name, beside localhost and addresses, that browsers ask for it by; may be given more than once",
      cxxopts::value<std::vector<std::string>>(), "NAME");
  add("token-file", "lets in who has a token: lines NAME:TOKEN, or NAME:TOKEN:read for who only looks",
      cxxopts::value<std::string>(), "FILE");
  add("basic-auth-file",
      "lets in who has a password: lines NAME:PASSWORD or NAME:HASH, of htpasswd -B or mkpasswd",
      cxxopts::value<std::string>(), "FILE");
  add("read-only", "changes nothing, whoever asks");
  add("show-args", "shows arguments, results and headers of jobs, and lets them be searched");
  add("redact",
      "hides members of that NAME in them, or TASK#N, an argument, or TASK#*; may be given more than once",
      cxxopts::value<std::vector<std::string>>(), "RULE");
  add("metrics", "of a worker, http://host:port/metrics, for what was healed; may be given more than once",
      cxxopts::value<std::vector<std::string>>(), "URL");
}

void read_dashboard_words(const cxxopts::ParseResult& parsed, dashboard::Settings& settings) {
  std::tie(settings.host, settings.port) = dashboard::parse_listen(parsed["listen"].as<std::string>());
  settings.prefix = dashboard::parse_prefix(value_of(parsed, "prefix"));
  settings.token_file = value_of(parsed, "token-file");
  settings.basic_auth_file = value_of(parsed, "basic-auth-file");
  for (const char* const option : {"token-file", "basic-auth-file"}) {
    if (parsed.count(option) > 0 && value_of(parsed, option).empty())
      throw UsageError{std::string{"--"} + option + " is empty: name a file, or leave it out"};
  }
  settings.read_only = parsed.count("read-only") > 0;
  settings.show_args = parsed.count("show-args") > 0;
  for (const auto& given :
       parsed.arguments()) {  // not as vectors: cxxopts would split values at their commas
    if (given.key() == "redact") settings.redact.push_back(given.value());
    if (given.key() == "metrics") settings.metrics.push_back(given.value());
    if (given.key() != "name") continue;
    auto name = dashboard::host_of(given.value());
    if (name.empty())
      throw UsageError{"--name takes the name of a host, as jobs.example.org, not " +
                       in_quotes(given.value())};
    settings.names.push_back(std::move(name));
  }
  const dashboard::Redaction rules{settings.show_args, settings.redact};  // throws for one that is none
}

}  // namespace aftercommit::cli
