/// The pages of a query.
#include "aftercommit/flow_pages.hpp"

#include <string_view>

#include "aftercommit/retry.hpp"
#include "base/text/text.hpp"

namespace aftercommit::detail {
namespace {

std::string quoted_name(std::string_view name) {
  std::string quoted{"\""};
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string pages_flaw(const PageQuery& pages) {
  if (pages.query.empty()) return "its query is empty";
  if (pages.key.empty()) return "it has no key: name the column by which its pages follow one another";
  if (pages.size == 0) return "its size is 0: a page has at least 1 row";
  return {};
}

[[noreturn]] void refuse_pages(const std::string& name, const std::string& why) {
  throw Reject{"cannot go through pages '" + name + "': " + why};
}

}  // namespace

void refuse_place(const std::string& name, const std::string& why) {
  throw FlowChanged{"the flow cannot go on with pages '" + name + "' where they have come to: " + why +
                    "; have its code take that, then retry it"};
}

QueryPage next_page(Transaction& transaction, const std::string& name, const PageQuery& pages,
                    const SqlParams& params, PagesPlace& place) {
  if (const auto flaw = pages_flaw(pages); !flaw.empty()) refuse_pages(name, flaw);
  const auto key = "page." + quoted_name(pages.key);
  // The query may end in a comment.
  const auto from = "FROM (" + pages.query + "\n) AS page WHERE " + key;
  auto values = params;
  std::string behind;
  if (place.after) {
    if (!place.after->is_string()) refuse_place(name, "that is no key of a query");
    values.emplace_back(place.after->get<std::string>());
    behind = " > $" + std::to_string(values.size());
  } else {
    behind = " IS NOT NULL";
  }
  // Rows of one key are never parted: what is behind the key would not have the second.
  QueryPage page{
      .rows = transaction.exec_params("SELECT page.* " + from + behind + " ORDER BY " + key +
                                          " FETCH FIRST " + std::to_string(pages.size) + " ROWS WITH TIES",
                                      values),
      .more = true};
  const auto count = static_cast<std::size_t>(page.rows.size());
  if (count > 0) {
    place.after = page.rows[page.rows.size() - 1][quoted_name(pages.key).c_str()].as<std::string>();
    place.count += static_cast<std::int64_t>(count);
  }
  page.more = count >= pages.size;
  if (page.more) return page;
  const auto lost = transaction.exec_params("SELECT EXISTS (SELECT " + from + " IS NULL)", params);
  if (lost[0][0].as<bool>()) {
    refuse_pages(name, "there are rows whose key '" + in_one_line(pages.key, 64) +
                           "' is NULL, which no page comes to: take a key that is never NULL, or leave them "
                           "out of the query");
  }
  return page;
}

}  // namespace aftercommit::detail
