/// `aftercommit completion bash|zsh`: commands and options, from the table that --help is made of.
#include "cli/completion.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <string_view>
#include <utility>

#include "cli/commands.hpp"
#include "cli/descriptions.hpp"

namespace aftercommit::cli {
namespace {

/// What may stand as the first word, and behind each of those that are no command by themselves.
struct CommandWords {
  std::vector<std::pair<std::string, std::string>> first{};  ///< with what each is for
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> second{};
};

CommandWords words_of(const std::vector<CommandText>& commands) {
  CommandWords words;
  for (const auto& command : commands) {
    const auto space = command.name.find(' ');
    const auto first = command.name.substr(0, space);
    if (space == std::string::npos) {
      words.first.emplace_back(first, command.what);
      continue;
    }
    auto& verbs = words.second[first];
    if (verbs.empty()) words.first.emplace_back(first, "");
    verbs.emplace_back(command.name.substr(space + 1), command.what);
  }
  for (auto& [word, what] : words.first) {
    if (!what.empty()) continue;
    for (const auto& [verb, its_what] : words.second[word])
      what.append(what.empty() ? "" : ", ").append(verb);
  }
  return words;
}

/// `text` as one word of a shell.
std::string shell_quoted(std::string_view text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return word + "'";
}

std::string joined(const std::vector<std::pair<std::string, std::string>>& words) {
  std::string text;
  for (const auto& [word, what] : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

/// "name:what it is for", as zsh's _describe takes it.
std::string described(std::string_view name, std::string_view what) {
  std::string text;
  for (const char c : name) text += c == ':' ? std::string{"\\:"} : std::string{c};
  const auto end = what.find(".  ");  // one sentence is enough
  return text.append(1, ':').append(what.substr(0, end));
}

std::string options_of_command(const CommandText& command) {
  std::string text;
  for (const auto& option : command.options) {
    text.append(text.empty() ? "" : " ").append("--").append(option.name);
    if (!option.value.empty() && !option.may_lack_value) text += "=";
  }
  return text;
}

/// A case of "dead list" for the words behind it.
std::string bash_case(const CommandText& command) {
  auto words = options_of_command(command);
  if (command.name == "completion") words += " bash zsh";
  return "    " + shell_quoted(command.name) + ") words=" + shell_quoted(words) + " ;;\n";
}

}  // namespace

std::string bash_completion(const std::vector<CommandText>& commands) {
  const auto words = words_of(commands);
  std::string script =
      R"(# bash completion for aftercommit: source it, or put it into bash-completion's folder.
_aftercommit() {
  local current="${COMP_WORDS[COMP_CWORD]-}" command="${COMP_WORDS[1]-}" words='' at=2
  COMPREPLY=()
  case "$command" in
)";
  for (const auto& [word, verbs] : words.second) {
    script += "    " + word +
              ") at=3; command+=\" ${COMP_WORDS[2]-}\"; words=" + shell_quoted(joined(verbs)) + " ;;\n";
  }
  script += "  esac\n  if (( COMP_CWORD == 1 )); then\n    words=" +
            shell_quoted(joined(words.first) + " --help --version") +
            "\n  elif (( COMP_CWORD >= at )); then\n    words=''\n    case \"$command\" in\n";
  for (const auto& command : commands) script += "  " + bash_case(command);
  script += R"(    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _aftercommit aftercommit
)";
  return script;
}

std::string zsh_completion(const std::vector<CommandText>& commands) {
  const auto words = words_of(commands);
  std::string script = R"(#compdef aftercommit
# zsh completion for aftercommit: put it as _aftercommit into a folder of fpath.
_aftercommit() {
  local -a words_here
  local command="${words[2]}" at=3
  case "$command" in
)";
  for (const auto& [word, verbs] : words.second) {
    script += "    " + word + ") at=4; command+=\" ${words[3]}\"; words_here=(";
    for (const auto& [verb, what] : verbs) script += "\n      " + shell_quoted(described(verb, what));
    script += ") ;;\n";
  }
  script += "  esac\n  if (( CURRENT == 2 )); then\n    words_here=(";
  for (const auto& [word, what] : words.first) script += "\n      " + shell_quoted(described(word, what));
  script += ")\n  elif (( CURRENT >= at )); then\n    words_here=()\n    case \"$command\" in\n";
  for (const auto& command : commands) {
    script += "      " + shell_quoted(command.name) + ") words_here=(";
    for (const auto& option : command.options)
      script += "\n        " + shell_quoted(described("--" + option.name, option.what));
    if (command.name == "completion") script += "\n        'bash:for bash' 'zsh:for zsh'";
    script += ") ;;\n";
  }
  script += R"(    esac
  fi
  _describe 'aftercommit' words_here
}
_aftercommit "$@"
)";
  return script;
}

int completion(const Options& options) {
  const auto commands = command_table();
  std::cout << (options.shell == "zsh" ? zsh_completion(commands) : bash_completion(commands));
  return kExitDone;
}

}  // namespace aftercommit::cli
