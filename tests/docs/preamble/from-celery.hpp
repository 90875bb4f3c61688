// docs/guide/from-celery.md declares an app of its own.
#include <stdexcept>
#include <string>

namespace shop {
void send_mail(const std::string& to, const std::string& key);
}  // namespace shop
