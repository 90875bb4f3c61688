/// A request and its answer, apart from the library that carries them.
#pragma once

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dashboard/users.hpp"
#include "operate/json.hpp"

namespace aftercommit::dashboard {

using operate::Json;

/// An error that is the answer: a sentence for who has asked.
struct Refusal {
  int status;
  std::string sentence;
};

/// In which a proxy says for whom it asks.
inline constexpr std::string_view kForwardedFor = "x-forwarded-for";

struct Request {
  std::string method;  ///< GET, HEAD or POST
  std::string path;    ///< below the prefix, decoded: "/api/queues"
  std::string from;    ///< the address of who asks, or of the proxy before him
  std::map<std::string, std::string, std::less<>> query{};
  /// By names in lower case; the first of each, and of kForwardedFor the last, which is the proxy's own.
  std::map<std::string, std::string, std::less<>> headers{};
  std::string body{};
  User user{};  ///< once it is known who asks

  std::string_view header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view{} : std::string_view{found->second};
  }
  /// Of the query; empty where it is not there.
  const std::string& value(std::string_view name) const {
    static const std::string kNone;
    const auto found = query.find(name);
    return found == query.end() ? kNone : found->second;
  }
  bool is_post() const { return method == "POST"; }
};

struct Answer {
  int status = 200;
  std::string type = "application/json; charset=utf-8";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
};

/// Foreign text in it is made UTF-8, and what HTML might take for markup is escaped.
Answer json_answer(const Json& document, int status = 200);
Answer refuse(const Refusal& refusal);
/// It says as well when to ask again.
Answer refuse(const Refusal& refusal, std::chrono::seconds retry_after);

/// The object in the body of a POST; throws Refusal for anything else.
nlohmann::json body_of(const Request& request);
/// Members of it, by their type; `absent` where it is not there; throws Refusal for another type.
std::string text_of(const nlohmann::json& body, const char* name, std::string absent = {});

}  // namespace aftercommit::dashboard
