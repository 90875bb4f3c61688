// docs/guide/flows.md goes on from the guide's first page.
#include <aftercommit/worker.hpp>
#include <chrono>
#include <optional>
#include <pqxx/result>
#include <pqxx/row>
#include <string>
#include <utility>
#include <vector>

#include "guide.md"
namespace shop {
std::string print_label(long order_id);
std::string call_bank(const std::string& key, long order_id);
std::optional<std::string> ask_bank(const std::string& key);
inline const auto pay_back = app.task<std::string>("pay_back");
std::pair<std::string, std::optional<long>> read_part(const std::string& path, long from);
}  // namespace shop
