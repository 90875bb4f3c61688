// docs/guide/tasks.md goes on from the guide's first page.
#include <iostream>

#include "guide.md"
namespace shop {
bool mail_server_up();
void send_mail(const std::string& to, const std::string& key);
void call_payment_service(long order_id, const std::string& key);
}  // namespace shop
