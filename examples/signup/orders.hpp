/// What the web app does with orders: each is a flow, asked for with it.
#pragma once

#include <string>

namespace signup {

struct Order {
  long id = 0;
  std::string flow;  ///< the id of its flow
};

/// The flow exists if, and only if, the order does.
Order place_order(const std::string& item);

/// Gives the flow of an order what it waits for, in the transaction that notes who approved it.  What became
/// of it: "given", or why it changes nothing; empty: there is no such order.
std::string approve_order(long id, const std::string& by);

}  // namespace signup
