// docs/guide/middleware.md goes on from the guide's first page.
#include <aftercommit/log.hpp>
#include <aftercommit/worker.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "guide.md"
namespace shop {
void send_mail(long order_id, std::string_view tenant);
}  // namespace shop
