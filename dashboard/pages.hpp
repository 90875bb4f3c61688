/// The files of the pages, as they were built in.
#pragma once

#include <string>
#include <string_view>

namespace aftercommit::dashboard {

struct Page {
  std::string_view text;
  std::string_view type;
  std::string etag;  ///< in quotes: another one for another text
};

/// The file of this path, "/" and each page of the application among them; null: there is none.
const Page* find_page(std::string_view path);

}  // namespace aftercommit::dashboard
