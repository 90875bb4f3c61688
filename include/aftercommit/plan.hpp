/// Chains and groups of jobs, for those who want no coroutine: a flow that the library has written.
#pragma once

#include <concepts>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "aftercommit/call_checks.hpp"
#include "aftercommit/flow.hpp"
#include "aftercommit/result.hpp"
#include "aftercommit/task.hpp"
#include "aftercommit/task_args.hpp"

namespace aftercommit {

namespace detail {

/// Of a part that takes nothing from the one before it; and of a group whose members return different types,
/// which no part can take.
struct NoInput {};
struct MixedResults {};

template <class In, class Before>
constexpr void check_link() {
  static_assert(
      std::same_as<In, NoInput> || std::same_as<In, Before>,
      "a part of this chain leaves its first argument to what the part before it returns, and that returns "
      "another type, or nothing: give the part all of its arguments, or declare both with the same type");
}

}  // namespace detail

/// A job, a chain or a group that is to be part of a plan: task(args...), chain(...) or group(...).  Returns
/// R, and takes In as its first argument from the part before it.  A value, which asks for nothing by itself.
template <class R, class In>
class Part {
 public:
  /// For the library's own parts.
  explicit Part(nlohmann::json node) : node_(std::move(node)) {}
  const nlohmann::json& node() const noexcept { return node_; }

  /// chain(this, parts...).
  template <class... Parts>
  auto then(const Parts&... parts) const;

 private:
  nlohmann::json node_;
};

/// What the flow of App::plan() does: a chain, a group or a single job, as its argument.
class Plan {
 public:
  Plan() = default;
  template <class R, class In>
  Plan(const Part<R, In>& part) : node_(part.node()) {  // NOLINT(google-explicit-constructor)
    static_assert(std::same_as<In, detail::NoInput>,
                  "nothing comes before the first part of a plan: give it all of its arguments");
  }

  /// For the library's own parts.
  explicit Plan(nlohmann::json node) : node_(std::move(node)) {}
  const nlohmann::json& node() const noexcept { return node_; }

 private:
  nlohmann::json node_ = nlohmann::json::object({{"chain", nlohmann::json::array()}});
};
/// As a text: a plan has more values than arguments may have.
void to_json(nlohmann::json& json, const Plan& plan);
void from_json(const nlohmann::json& json, Plan& plan);

namespace detail {

template <class R, class... Args, class... Given>
auto part_of(const TaskEntry& task, std::tuple<Args...>* /*type*/, Given&&... given) {
  constexpr std::size_t kArgs = sizeof...(Args);
  constexpr std::size_t kGiven = sizeof...(Given);
  static_assert(kGiven <= kArgs, "this part gives its task more arguments than it declares");
  static_assert(
      kGiven + 1 >= kArgs,
      "a part gives its task all arguments, or all but the first, which is then what the part before "
      "it returns");
  const auto encode = [&]<class... Rest>(std::tuple<Rest...>* /*type*/) {
    if constexpr (!kAccepts<std::tuple<Rest...>, Given...>) {
      CheckCall<std::tuple<Rest...>, Given...>::check();
      return nlohmann::json{};
    } else {
      CallFlaw flaw;
      const auto converted = convert_all<Rest...>(flaw, std::forward<Given>(given)...);
      require_none(flaw, task.name);
      return std::apply([](const Rest&... each) { return encode_args<Rest...>(each...); }, converted);
    }
  };
  nlohmann::json node{{"task", task.name}};
  if constexpr (kGiven == kArgs) {
    node["args"] = encode(static_cast<std::tuple<Args...>*>(nullptr));
    return Part<R, NoInput>{std::move(node)};
  } else {
    return [&]<class First, class... Rest>(std::tuple<First, Rest...>* /*type*/) {
      node["args"] = encode(static_cast<std::tuple<Rest...>*>(nullptr));
      node["takes"] = true;
      return Part<R, First>{std::move(node)};
    }(static_cast<std::tuple<Args...>*>(nullptr));
  }
}

template <class R, class In>
auto join(Part<R, In> first) {
  return first;
}
template <class R, class In, class Next, class NextIn, class... Parts>
auto join(Part<R, In> first, const Part<Next, NextIn>& next, const Parts&... parts) {
  check_link<NextIn, R>();
  auto node = first.node();
  if (!node.contains("chain")) node = {{"chain", nlohmann::json::array({std::move(node)})}};
  auto& steps = node["chain"];
  if (const auto more = next.node().find("chain"); more != next.node().end()) {
    steps.insert(steps.end(), more->begin(), more->end());
  } else {
    steps.push_back(next.node());
  }
  return join(Part<Next, In>{std::move(node)}, parts...);
}

/// What a group of parts takes: what those take that take anything.
template <class... Ins>
struct InputOf {
  using type = NoInput;
};
template <class In, class... Ins>
struct InputOf<In, Ins...> {
  using Rest = typename InputOf<Ins...>::type;
  using type = std::conditional_t<std::same_as<In, NoInput>, Rest, In>;
  static constexpr bool kOne =
      std::same_as<In, NoInput> || std::same_as<Rest, NoInput> || std::same_as<In, Rest>;
  static_assert(
      kOne,
      "the members of this group leave their first arguments to the same part before them, and take "
      "different types");
};

template <class R>
struct ResultsOf {
  using type = std::vector<R>;
};
template <>
struct ResultsOf<void> {
  using type = void;
};

}  // namespace detail

/// One part after the other, each asked for when the one before it has taken effect.  A part that was given
/// all arguments but its first gets what the part before it has returned; one that was given all ignores it.
template <class R, class In, class... Parts>
auto chain(const Part<R, In>& first, const Parts&... parts) {
  return detail::join(first, parts...);
}

/// Parts side by side; done when all of them are.  Returns the vector of what they return, in their order, if
/// that is one type.  What comes before the group is given to each member that leaves its first argument
/// open.
template <class R, class In, class... Rs, class... Ins>
auto group(const Part<R, In>& first, const Part<Rs, Ins>&... parts) {
  using Input = typename detail::InputOf<In, Ins...>::type;
  nlohmann::json node{{"group", nlohmann::json::array({first.node(), parts.node()...})}};
  if constexpr ((std::same_as<R, Rs> && ...)) {
    return Part<typename detail::ResultsOf<R>::type, Input>{std::move(node)};
  } else {
    return Part<detail::MixedResults, Input>{std::move(node)};
  }
}
/// The same of as many as there are; none at all is fine, and done at once.
template <class R, class In>
auto group(const std::vector<Part<R, In>>& parts) {
  auto members = nlohmann::json::array();
  for (const auto& part : parts) members.push_back(part.node());
  return Part<typename detail::ResultsOf<R>::type, In>{nlohmann::json{{"group", std::move(members)}}};
}

template <class R, class In>
template <class... Parts>
auto Part<R, In>::then(const Parts&... parts) const {
  return chain(*this, parts...);
}

template <class... Args>
template <class... Given>
auto Task<Args...>::operator()(Given&&... args) const {
  return detail::part_of<void>(entry(), static_cast<std::tuple<Args...>*>(nullptr),
                               std::forward<Given>(args)...);
}

template <class R, class... Args>
template <class... Given>
auto ResultTask<R, Args...>::operator()(Given&&... args) const {
  return detail::part_of<R>(this->entry(), static_cast<std::tuple<Args...>*>(nullptr),
                            std::forward<Given>(args)...);
}

}  // namespace aftercommit
