/// A transaction around each HTTP handler, as Django's ATOMIC_REQUESTS.
#pragma once

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "aftercommit/app.hpp"
#include "aftercommit/trace.hpp"

namespace aftercommit {

namespace detail {

/// The HTTP status a handler's argument or result carries: what http_status(value) says, a function beside
/// its type; else its member result_int(); else an integer member `status` of something the handler can
/// change.
template <class T>
std::optional<int> status_of(T& value) {
  if constexpr (requires {
                  { http_status(value) } -> std::convertible_to<int>;
                }) {
    return static_cast<int>(http_status(value));
  } else if constexpr (requires {
                         { value.result_int() } -> std::convertible_to<int>;
                       }) {
    return static_cast<int>(value.result_int());  // of Boost.Beast
  } else if constexpr (requires {
                         { value.status } -> std::convertible_to<int>;
                       } &&
                       !std::is_const_v<T>) {
    return static_cast<int>(value.status);
  } else {
    return std::nullopt;
  }
}

/// What an argument of a handler has in an HTTP header: what http_header(value, name) says, a function beside
/// its type; else its member get_header_value(name), or what a request of Boost.Beast has.  Empty: it has
/// none, or no headers at all.
template <class T>
std::string header_of(const T& value, const char* name) {
  if constexpr (requires {
                  { http_header(value, name) } -> std::convertible_to<std::string>;
                }) {
    return http_header(value, name);
  } else if constexpr (requires {
                         { value.get_header_value(name) } -> std::convertible_to<std::string>;
                       }) {
    return value.get_header_value(name);
  } else if constexpr (requires {
                         value.method_string();
                         std::string{value[name].data(), value[name].size()};
                       }) {
    return std::string{value[name].data(), value[name].size()};  // of Boost.Beast
  } else {
    return {};
  }
}

template <class T>
std::optional<TraceContext> trace_in(const T& value) {
  const std::string traceparent = header_of(value, "traceparent");
  if (traceparent.empty()) return std::nullopt;
  return TraceContext::parse(traceparent, header_of(value, "tracestate"));
}

/// Of the first argument that has one; nothing as well where one is open in this thread, which then counts.
template <class... Arg>
std::optional<TraceContext> trace_of_request(const Arg&... args) {
  std::optional<TraceContext> found;
  if (TraceContext::current() == nullptr) static_cast<void>(((found = trace_in(args)).has_value() || ...));
  return found;
}

inline bool is_server_error(std::optional<int> status) { return status && *status >= 500 && *status <= 599; }

/// Blocks on several databases, left in the reverse order.
class RequestBlocks {
 public:
  RequestBlocks(const App& app, const std::vector<std::string>& aliases);
  ~RequestBlocks();
  RequestBlocks(const RequestBlocks&) = delete;
  RequestBlocks& operator=(const RequestBlocks&) = delete;

  /// Commits all, or rolls all back.  If a commit fails, the ones not yet committed are rolled back.
  void finish(bool roll_back);

 private:
  std::vector<std::unique_ptr<Atomic>> blocks_;
};

}  // namespace detail

/// Names the databases a handler wants no transaction on; all of them by default.  As Django's
/// non_atomic_requests.
struct NonAtomicRequests {
  std::vector<std::string> aliases = {};  ///< empty: all
};

/// Wraps HTTP handlers: any callable, with any arguments.  For each database of the app with
/// `atomic_requests` set there is a block around the handler: rolled back when the handler throws, or when it
/// answers with a status of 500 to 599, read from the member `status` of an argument (httplib::Response&) or
/// of the result, or from result_int() (boost::beast::http::response).  Jobs asked for in the handler are
/// sent after the commit.  Only the handler is covered: what a server streams later is not.
///
/// Where an argument has the header `traceparent` (httplib::Request, by get_header_value), and no TraceScope
/// is open, one is for the length of the call, so that the jobs are of the request's trace.
class AtomicRequests {
 public:
  explicit AtomicRequests(const App& app) : app_{app} {}

  template <class Handler>
  auto operator()(Handler handler) const {
    return wrap(std::move(handler), false, {});
  }
  template <class Handler>
  auto operator()(NonAtomicRequests exempt, Handler handler) const {
    return wrap(std::move(handler), true, std::move(exempt));
  }

 private:
  /// The aliases are looked up at the request, when the app is configured.
  std::vector<std::string> aliases(bool exempt_some, const NonAtomicRequests& exempt) const;

  template <class Handler>
  auto wrap(Handler handler, bool exempt_some, NonAtomicRequests exempt) const {
    // Constrained, so that a server which overloads on the kind of handler can tell what this one takes.
    return [
      wrapper = *this, handler = std::move(handler), exempt_some, exempt = std::move(exempt)
    ]<class... Arg>(Arg && ... args) requires std::invocable<const Handler&, Arg...> {
      std::optional<TraceScope> trace;
      if (auto context = detail::trace_of_request(args...)) trace.emplace(std::move(context));
      detail::RequestBlocks blocks{wrapper.app_, wrapper.aliases(exempt_some, exempt)};
      if constexpr (std::is_void_v<std::invoke_result_t<const Handler&, Arg...>>) {
        handler(std::forward<Arg>(args)...);
        blocks.finish((detail::is_server_error(detail::status_of(args)) || ...));
      } else {
        auto result = handler(std::forward<Arg>(args)...);
        blocks.finish(detail::is_server_error(detail::status_of(result)) ||
                      (detail::is_server_error(detail::status_of(args)) || ...));
        return result;
      }
    };
  }

  const App& app_;  // not owned, outlives the handlers
};

}  // namespace aftercommit
