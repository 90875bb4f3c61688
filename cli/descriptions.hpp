/// What each command is called, takes and does, as data: help, manual page and completions are made of it.
#pragma once

#include <cxxopts.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/command/command_text.hpp"
#include "cli/options.hpp"

namespace aftercommit::cli {

struct Description {
  Command command;
  std::string_view name;
  std::string_view usage;
  std::string_view what;
};

/// The one of this name, "migrate" or "dead list"; null: there is none.
const Description* find_description(std::string_view name);

/// Its options, for cxxopts to parse.
cxxopts::Options describe(const Description& command);

// Which options and arguments a command takes.
bool is_dead(Command command);  ///< chooses among dead jobs
bool writes_json(Command command);
bool names_jobs(Command command);
bool names_periodic(Command command);
bool names_limit(Command command);
bool names_queue(Command command);

/// "dead" of "dead list".
std::string_view first_word(std::string_view name);
/// The second words of the commands that begin with this one; none where it is a command itself.
std::vector<std::string_view> verbs_of(std::string_view word);
/// "migrate, stats, dead, ...": each first word once, in their order.
std::string first_words();

/// The help of all, and of one.
std::string overview();
std::string help_of(const Description& command);
/// What both say below the options.
std::string after_help();

/// All commands with their options, as --help shows them.
std::vector<CommandText> command_table();

}  // namespace aftercommit::cli
