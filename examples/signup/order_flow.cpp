/// The flow of an order, beside the tasks of the library.  Each step is a transaction: kill the worker
/// wherever you like, and none is done twice or left out.
#include "order_flow.hpp"

#include <unistd.h>

#include <optional>
#include <string>

namespace signup {
namespace {

using aftercommit::Flow;
using aftercommit::FlowContext;
using aftercommit::Transaction;

/// What a step has done, in its transaction: a second one would be a second row.
void note_step(Transaction& tx, long order_id, const std::string& step) {
  tx.exec("INSERT INTO order_step(order_id, step, worker) VALUES ($1, $2, $3)", order_id, step, ::getpid());
}

/// What the carrier outside would do: it knows a label that was printed before, by the id of the flow.
std::optional<long> find_label(const std::string& flow) {
  const auto label = journal().exec("SELECT id FROM label WHERE flow = $1::uuid", flow);
  return label.empty() ? std::nullopt : std::optional{label[0][0].as<long>()};
}
long print_label(const std::string& flow) {
  return journal().exec("INSERT INTO label(flow) VALUES ($1::uuid) RETURNING id", flow)[0][0].as<long>();
}

}  // namespace

Flow fulfil_order(FlowContext& flow, long order_id) {
  co_await flow.step("charge", [&](Transaction& tx) {
    note_step(tx, order_id, "charge");
    tx.exec("UPDATE orders SET state = 'charged' WHERE id = $1", order_id);
  });
  const auto label = co_await flow.external(
      "print label", [&] { return print_label(flow.id().str()); },
      [&] { return find_label(flow.id().str()); });
  co_await flow.sleep("cooling-off", kCoolingOff);
  const auto approved_by = co_await flow.event<std::string>("approved", kApprovedWithin);
  if (!approved_by) {
    co_await flow.step("refund", [&](Transaction& tx) {
      note_step(tx, order_id, "refund");
      tx.exec("UPDATE orders SET state = 'refunded' WHERE id = $1", order_id);
    });
    co_return;
  }
  co_await flow.step("pack", [&](Transaction& tx) {
    note_step(tx, order_id, "pack");
    tx.exec("UPDATE orders SET state = 'packed', label = $2 WHERE id = $1", order_id, label);
  });
  co_await flow.step("ship", [&](Transaction& tx) {
    note_step(tx, order_id, "ship");
    tx.exec("UPDATE orders SET state = 'shipped' WHERE id = $1", order_id);
  });
}

}  // namespace signup
