#include "dashboard/request.hpp"

#include <string>
#include <utility>
#include <variant>

#include "base/json/json_parser.hpp"
#include "base/text/text.hpp"

namespace aftercommit::dashboard {

Answer json_answer(const Json& document, int status) {
  // Nothing is to take it for markup; but a browser that did would find no tag in it.
  const auto text = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  Answer answer{.status = status};
  answer.body.reserve(text.size() + 64);
  for (const char character : text) {
    if (character == '<') {
      answer.body += "\\u003c";
    } else if (character == '>') {
      answer.body += "\\u003e";
    } else if (character == '&') {
      answer.body += "\\u0026";
    } else {
      answer.body += character;
    }
  }
  return answer;
}

Answer refuse(const Refusal& refusal) {
  return json_answer({{"error", clean_text(refusal.sentence, 2000)}}, refusal.status);
}

Answer refuse(const Refusal& refusal, std::chrono::seconds retry_after) {
  auto answer = refuse(refusal);
  answer.headers.emplace_back("Retry-After", std::to_string(retry_after.count()));
  return answer;
}

nlohmann::json body_of(const Request& request) {
  constexpr JsonLimits kLimits{.depth = 4, .values = 5000};
  auto parsed = parse_json(request.body, kLimits);
  if (const auto* const flaw = std::get_if<Malformed>(&parsed)) {
    throw Refusal{400, "the body cannot be read: " + flaw->reason};
  }
  auto& document = std::get<nlohmann::json>(parsed);
  if (!document.is_object()) throw Refusal{400, "the body has to be a JSON object"};
  return std::move(document);
}

std::string text_of(const nlohmann::json& body, const char* name, std::string absent) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return absent;
  if (!found->is_string()) throw Refusal{400, std::string{"'"} + name + "' has to be a text"};
  return found->get<std::string>();
}

}  // namespace aftercommit::dashboard
