/// Steps that are loops: page by page, with a cursor that commits with each.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <pqxx/result>
#include <string>
#include <type_traits>
#include <utility>

#include "aftercommit/flow_waits.hpp"
#include "aftercommit/sql_params.hpp"
#include "aftercommit/transaction.hpp"

namespace aftercommit {

/// The rows that FlowContext::pages() goes through, a page at a time.
struct PageQuery {
  // No aggregate: g++ 12 destroys one twice that is written in braces within a co_await.
  PageQuery(std::string rows, std::string column, std::size_t rows_of_page = 1000, StepOptions of_each = {})
      : query{std::move(rows)}, key{std::move(column)}, size{rows_of_page}, options{of_each} {}

  /// A SELECT without ORDER BY and LIMIT, with its parameters $1, $2 ...; it is asked anew for each page.
  std::string query;
  /// The column of its answer by which the pages follow one another, by its exact name: of a type that has an
  /// order, best with an index, and never NULL.  Rows with the same key come in one page.
  std::string key;
  std::size_t size;     ///< rows of a page, at least 1; more where several have the last key
  StepOptions options;  ///< of each page
};

namespace detail {

/// Where a loop has come to.
struct PagesPlace {
  std::optional<nlohmann::json> after{};  ///< nothing: it has yet to begin
  std::int64_t count = 0;                 ///< rows or parts that are done
};

/// What a loop is called by, whatever it goes through.
class PagesAsk : public FlowAsk {
 public:
  /// Does the next page, and moves `place` behind it.  False: that was the last one.
  virtual bool page(Transaction& transaction, PagesPlace& place) = 0;

 protected:
  using FlowAsk::FlowAsk;
  PagesAsk(PagesAsk&&) = default;
  ~PagesAsk() = default;
};

/// The rows of the page behind `place`, which moves behind them, and whether there may be more.  Throws
/// Reject where the query cannot be gone through by this key.
struct QueryPage {
  pqxx::result rows;
  bool more;
};
/// Throws FlowChanged: the place that is kept is none of this loop's.
[[noreturn]] void refuse_place(const std::string& name, const std::string& why);
QueryPage next_page(Transaction& transaction, const std::string& name, const PageQuery& pages,
                    const SqlParams& params, PagesPlace& place);

template <class Body>
class QueryPagesAwait final : public FlowAwait<std::int64_t, PagesAsk> {
  using Base = FlowAwait<std::int64_t, PagesAsk>;

 public:
  QueryPagesAwait(FlowRunner& runner, FlowAsk::What what, PageQuery pages, Body body, SqlParams params)
      : Base{runner, std::move(what)},
        pages_{std::move(pages)},
        body_{std::move(body)},
        params_{std::move(params)} {}

  std::int64_t await_resume() const { return this->decoded(); }
  bool page(Transaction& transaction, PagesPlace& place) override {
    const QueryPage page = next_page(transaction, this->what().name, pages_, params_, place);
    if (!page.rows.empty()) body_(transaction, page.rows);
    return page.more;
  }

 private:
  const PageQuery pages_;
  Body body_;
  const SqlParams params_;
};

template <class Cursor, class Body>
class CursorPagesAwait final : public FlowAwait<std::int64_t, PagesAsk> {
  using Base = FlowAwait<std::int64_t, PagesAsk>;

 public:
  CursorPagesAwait(FlowRunner& runner, FlowAsk::What what, Body body)
      : Base{runner, std::move(what)}, body_{std::move(body)} {}

  std::int64_t await_resume() const { return this->decoded(); }
  bool page(Transaction& transaction, PagesPlace& place) override {
    const auto after = place.after ? std::optional<Cursor>{cursor(*place.after)} : std::nullopt;
    std::optional<Cursor> next = body_(transaction, after);
    ++place.count;
    if (!next) return false;
    place.after = encode_arg(*next);
    return true;
  }

 private:
  Cursor cursor(const nlohmann::json& kept) const {
    const auto& name = this->what().name;
    try {
      return decode_value<Cursor>(kept, JsonPlace{nullptr, kPlaceOfResult, &name});
    } catch (const BadArguments& error) {
      refuse_place(name, error.what());
    }
  }

  Body body_;
};

template <class Body>
inline constexpr bool kIsFlowAwait<QueryPagesAwait<Body>> = true;
template <class Cursor, class Body>
inline constexpr bool kIsFlowAwait<CursorPagesAwait<Cursor, Body>> = true;

}  // namespace detail
}  // namespace aftercommit
