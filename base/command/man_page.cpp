#include "base/command/man_page.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string_view>

namespace aftercommit {
namespace {

/// Text that troff shows as it stands: no request, no escape, and hyphens that can be copied to a shell.
std::string escaped(std::string_view text) {
  std::string safe;
  if (!text.empty() && (text.front() == '.' || text.front() == '\'')) safe += "\\&";
  for (const char c : text) {
    if (c == '\\') {
      safe += "\\e";
    } else if (c == '-') {
      safe += "\\-";
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string in_capitals(std::string_view text) {
  std::string capitals{text};
  std::ranges::transform(capitals, capitals.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return capitals;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

void add_option(const OptionText& option, std::string& page) {
  page += ".TP\n\\fB" + escaped("--" + option.name) + "\\fR";
  if (!option.value.empty()) {
    const auto value = "\\fI" + escaped(option.value) + "\\fR";
    page += option.may_lack_value ? "[=" + value + "]" : " " + value;
  }
  page += '\n' + escaped(option.what);
  if (!option.preset.empty()) page += " (default: " + escaped(option.preset) + ")";
  page += '\n';
}

void add_examples(std::string_view examples, std::string& page) {
  page += ".RS\n.nf\n";
  for (const auto line : lines_of(examples)) page += escaped(line) + '\n';
  page += ".fi\n.RE\n";
}

void add_command(const std::string& program, const CommandText& command,
                 const std::vector<OptionText>& of_all, std::string& page) {
  page += ".SS \"" + escaped(program + " " + command.name) + "\"\n";
  page += "\\fB" + escaped(program + " " + command.name) + "\\fR " + escaped(command.usage) + "\n.PP\n";
  page += escaped(command.what) + '\n';
  for (const auto& option : command.options) {
    if (std::ranges::find(of_all, option.name, &OptionText::name) == of_all.end()) add_option(option, page);
  }
  if (command.examples.empty()) return;
  page += ".PP\nFor example:\n";
  add_examples(command.examples, page);
}

/// A list of --help: under a line that ends with a colon, each item as "  key  text".
bool is_list(const std::vector<std::string_view>& lines) {
  return lines.size() > 1 && lines.front().ends_with(':') && lines[1].starts_with("  ");
}

void add_list(const std::vector<std::string_view>& lines, std::string& page) {
  const auto heading = in_capitals(lines.front().substr(0, lines.front().size() - 1));
  page += ".SH \"" + (heading == "EXIT CODES" ? std::string{"EXIT STATUS"} : escaped(heading)) + "\"\n";
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto line = lines[i];
    const auto begin = line.find_first_not_of(' ');
    if (begin == std::string_view::npos) continue;
    const auto end = line.find("  ", begin);
    if (begin == 2 && end != std::string_view::npos) {
      page += ".TP\n\\fB" + escaped(line.substr(begin, end - begin)) + "\\fR\n";
      page += escaped(line.substr(line.find_first_not_of(' ', end))) + '\n';
    } else {
      page += escaped(line.substr(begin)) + '\n';
    }
  }
}

/// "Signals: what follows" stands out.
void add_paragraph(const std::vector<std::string_view>& lines, std::string& page) {
  page += ".PP\n";
  const auto first = lines.front();
  const auto colon = first.find(": ");
  const bool has_lead = colon != std::string_view::npos && colon < 24 &&
                        std::isupper(static_cast<unsigned char>(first.front())) != 0 &&
                        first.substr(0, colon).find_first_of(".,;`") == std::string_view::npos;
  if (has_lead) {
    page += "\\fB" + escaped(first.substr(0, colon + 1)) + "\\fR " + escaped(first.substr(colon + 2)) + '\n';
  } else {
    page += escaped(first) + '\n';
  }
  for (std::size_t i = 1; i < lines.size(); ++i) page += escaped(lines[i]) + '\n';
}

/// Its paragraphs, the lists last, as each is a section.
void add_after(std::string_view after, std::string& page) {
  std::vector<std::vector<std::string_view>> paragraphs(1);
  for (const auto line : lines_of(after)) {
    if (!line.empty()) {
      paragraphs.back().push_back(line);
    } else if (!paragraphs.back().empty()) {
      paragraphs.emplace_back();
    }
  }
  std::string lists;
  bool any = false;
  for (const auto& lines : paragraphs) {
    if (lines.empty()) continue;
    if (is_list(lines)) {
      add_list(lines, lists);
      continue;
    }
    if (!any) page += ".SH NOTES\n";
    any = true;
    add_paragraph(lines, page);
  }
  page += lists;
}

}  // namespace

std::string man_page(const ManPage& page) {
  std::string text = ".\\\" Made by the build from what --help says.\n";
  text += ".TH " + in_capitals(page.name) + " 1 \"\" \"aftercommit " + escaped(page.version) +
          "\" \"aftercommit\"\n.ad l\n";
  text += ".SH NAME\n" + escaped(page.name) + " \\- " + escaped(page.what) + '\n';
  text += ".SH SYNOPSIS\n\\fB" + escaped(page.name) + "\\fR " + escaped(page.usage) + '\n';
  if (!page.commands.empty()) text += ".SH COMMANDS\n";
  for (const auto& command : page.commands) add_command(page.name, command, page.options, text);
  if (!page.options.empty())
    text += page.commands.empty() ? ".SH OPTIONS\n" : ".SH OPTIONS OF ALL COMMANDS\n";
  for (const auto& option : page.options) add_option(option, text);
  add_after(page.after, text);
  if (!page.see_also.empty()) {
    text += ".SH SEE ALSO\n";
    for (std::size_t i = 0; i < page.see_also.size(); ++i)
      text += (i > 0 ? ", " : "") + escaped(page.see_also[i]);
    text += '\n';
  }
  return text;
}

}  // namespace aftercommit
