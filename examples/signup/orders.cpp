#include "orders.hpp"

#include "tasks.hpp"

namespace signup {

using aftercommit::Transaction;

Order place_order(const std::string& item) {
  return app.database().atomic([&](Transaction& tx) {
    Order order;
    order.id = tx.exec("INSERT INTO orders(item) VALUES ($1) RETURNING id", item)[0]["id"].as<long>();
    const auto flow = fulfil.delay(order.id);
    tx.exec("UPDATE orders SET flow = $2 WHERE id = $1", order.id, flow);
    order.flow = flow.str();
    return order;
  });
}

std::string approve_order(long id, const std::string& by) {
  return app.database().atomic([&](Transaction& tx) -> std::string {
    const auto order = tx.exec(
        "UPDATE orders SET approved_by = coalesce(approved_by, $2) WHERE id = $1 RETURNING flow", id, by);
    if (order.empty()) return {};
    const auto flow = aftercommit::JobId::parse(order[0]["flow"].as<std::string>());
    return std::string{to_string(app.signal(flow.value(), "approved", by))};
  });
}

}  // namespace signup
