// docs/guide/flows.md goes on from the guide's first page.
#include <aftercommit/worker.hpp>
#include <chrono>
#include <optional>
#include <pqxx/result>
#include <pqxx/row>
#include <string>
#include <vector>

#include "guide.md"
namespace shop {
std::string print_label(long order_id);
std::string call_bank(const std::string& key, long order_id);
std::optional<std::string> ask_bank(const std::string& key);
}  // namespace shop
