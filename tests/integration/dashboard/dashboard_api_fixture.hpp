/// What the dashboard answers, compared with docs/api/openapi.json.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "dashboard_fixture.hpp"

namespace aftercommit::support {

using nlohmann::json;

inline json description() { return json::parse(std::ifstream{AFTERCOMMIT_OPENAPI}); }

/// Where `value` is not as `schema` says: as much of JSON Schema as the file uses.
class Comparison {
 public:
  explicit Comparison(json document) : document_(std::move(document)) {}

  std::string look(const std::string& path, const std::string& method, const json& value) {
    wrong_.clear();
    const auto& call = document_.at("paths").at(path).at(method);
    compare(call["responses"]["200"]["content"]["application/json"]["schema"], value, path);
    return wrong_;
  }
  const json& document() const { return document_; }

 private:
  void compare(const json& schema, const json& value, const std::string& place) {
    if (schema.contains("$ref")) {
      const auto name = schema["$ref"].get<std::string>();
      return compare(document_.at("components").at("schemas").at(name.substr(name.rfind('/') + 1)), value,
                     place);
    }
    if (schema.contains("oneOf")) {
      for (const auto& one : schema["oneOf"]) {
        Comparison inner{document_};
        inner.compare(one, value, place);
        if (inner.wrong_.empty()) return;
        if (&one == &schema["oneOf"].back()) wrong_ += inner.wrong_;
      }
      return;
    }
    if (schema.contains("type") && !is_of_type(schema["type"], value)) {
      wrong_ += place + " is " + value.dump() + ", not " + schema["type"].dump() + "\n";
      return;
    }
    if (schema.contains("enum") &&
        schema["enum"].end() == std::find(schema["enum"].begin(), schema["enum"].end(), value)) {
      wrong_ += place + " is " + value.dump() + ", which is none of its words\n";
    }
    if (value.is_array() && schema.contains("items")) {
      for (const auto& element : value) compare(schema["items"], element, place + "[]");
    }
    if (!value.is_object() || !schema.contains("properties")) {
      if (value.is_object() && schema.contains("additionalProperties") &&
          schema["additionalProperties"].is_object()) {
        for (const auto& [name, member] : value.items())
          compare(schema["additionalProperties"], member, place + "." + name);
      }
      return;
    }
    for (const auto& name : schema.value("required", json::array())) {
      if (!value.contains(name)) wrong_ += place + " lacks " + name.dump() + "\n";
    }
    for (const auto& [name, member] : value.items()) {
      if (schema["properties"].contains(name)) {
        compare(schema["properties"][name], member, place + "." + name);
      } else {
        wrong_ += place + " has " + name + ", which is not described\n";
      }
    }
  }

  static bool is_of_type(const json& types, const json& value) {
    const auto is = [&](const std::string& type) {
      if (type == "integer") return value.is_number_integer();
      if (type == "number") return value.is_number();
      if (type == "string") return value.is_string();
      if (type == "boolean") return value.is_boolean();
      if (type == "array") return value.is_array();
      if (type == "object") return value.is_object();
      return type == "null" && value.is_null();
    };
    if (types.is_string()) return is(types.get<std::string>());
    return std::any_of(types.begin(), types.end(),
                       [&](const json& type) { return is(type.get<std::string>()); });
  }

  const json document_;
  std::string wrong_;
};

class DashboardApi : public DashboardTest {
 protected:
  /// Of a call that is to succeed; compared with its description.
  json look(const std::string& path_and_query) {
    const auto answer = json_of(get(path_and_query));
    EXPECT_EQ(comparison.look(path_and_query.substr(0, path_and_query.find('?')), "get", answer), "")
        << answer.dump(1);
    return answer;
  }
  json change(const std::string& path, const json& body) {
    const auto answer = json_of(post(path, body));
    EXPECT_EQ(comparison.look(path, "post", answer), "") << answer.dump(1);
    return answer;
  }

  Comparison comparison{description()};
};

}  // namespace aftercommit::support
