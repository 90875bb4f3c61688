/// Formats commands: *words, then $length and bytes for each.
#include "broker/redis/wire/redis_pipeline.hpp"

namespace aftercommit {
namespace {

void append_line(std::string& bytes, char type, std::size_t number) {
  char line[24];
  line[0] = type;
  auto* end = std::to_chars(line + 1, line + sizeof line - 2, number).ptr;
  *end++ = '\r';
  *end++ = '\n';
  bytes.append(line, end);
}

}  // namespace

void RedisPipeline::word(std::string_view text) {
  append_line(bytes_, '$', text.size());
  bytes_.append(text).append("\r\n", 2);
}

void RedisPipeline::begin(std::string_view name, std::size_t words) {
  start(name, nullptr, 1 + words);
  word(name);
  commands_.back().arguments = bytes_.size();
}

void RedisPipeline::begin_script(const RedisScript& script, std::span<const std::string_view> keys,
                                 std::size_t arguments) {
  start(script.name, &script, 3 + keys.size() + arguments);
  word("EVALSHA");
  word(script.sha);
  commands_.back().arguments = bytes_.size();
  word(keys.size());
  for (const auto key : keys) word(key);
}

void RedisPipeline::add_as_text(std::size_t command, RedisPipeline& target) const {
  const auto& script = *commands_[command].script;
  target.start(script.name, &script, commands_[command].words);
  target.word("EVAL");
  target.word(script.text);
  target.commands_.back().arguments = target.bytes_.size();
  target.bytes_.append(arguments(command));
}

void RedisPipeline::add_again(std::size_t command, RedisPipeline& target) const {
  const auto& own = commands_[command];
  if (own.script != nullptr) return add_as_text(command, target);
  target.start(own.name, nullptr, own.words);
  target.word(own.name);
  target.commands_.back().arguments = target.bytes_.size();
  target.bytes_.append(arguments(command));
}

std::string RedisPipeline::what(std::size_t command) const {
  const auto& [name, script, words, begin, after_name] = commands_[command];
  std::string what{script == nullptr ? "" : "the script "};
  what += name;
  const auto text = arguments(command);
  const auto tag = text.find(":{");  // only keys hold this, and they stand before any payload
  if (tag == std::string_view::npos) return what;
  const auto key = text.rfind('\n', tag) + 1;
  return what.append(" on ").append(text.substr(key, text.find('\r', tag) - key));
}

void RedisPipeline::start(std::string_view name, const RedisScript* script, std::size_t words) {
  commands_.push_back({name, script, words, bytes_.size(), 0});
  append_line(bytes_, '*', words);
}

std::string_view RedisPipeline::arguments(std::size_t command) const {
  const auto begin = commands_[command].arguments;
  const auto end = command + 1 < commands_.size() ? commands_[command + 1].begin : bytes_.size();
  return bytes().substr(begin, end - begin);
}

}  // namespace aftercommit
