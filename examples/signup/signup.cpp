#include "signup.hpp"

#include <chrono>
#include <thread>

#include "tasks.hpp"

namespace signup {
namespace {

using aftercommit::Transaction;

long insert_user(Transaction& tx, const std::string& email, const std::string& kind) {
  const auto user = tx.exec(
      "INSERT INTO users(email, kind, remind_at) "
      "VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3)) RETURNING id",
      email, kind, kRemindAfter.count());
  return user[0]["id"].as<long>();
}

}  // namespace

long sign_up(const std::string& email) {
  return app.database().atomic([&](Transaction& tx) {
    const long id = insert_user(tx, email, "safe");
    send_welcome_mail.delay(id);
    update_crm.delay(id);
    remind.apply_async({.countdown = kRemindAfter}, id);
    return id;
  });
}

long sign_up_naively(const std::string& email) {
  return app.database().atomic([&](Transaction& tx) {
    const long id = insert_user(tx, email, "naive");
    send_welcome_mail_naive.apply_async({.delivery = aftercommit::Delivery::kImmediate}, id);
    std::this_thread::sleep_for(std::chrono::milliseconds{50});  // the rest of the request's work
    return id;
  });
}

}  // namespace signup
