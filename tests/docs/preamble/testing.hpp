// docs/guide/testing.md goes on from the guide's first page.
#include "guide.md"
namespace shop {
void pay(long order_id);
void send_receipt_body(aftercommit::Job& job, long order_id);
}  // namespace shop
