// docs/guide/testing.md goes on from the guide's first page.
#include "guide.md"
namespace shop {
void pay(long order_id);
aftercommit::Database& journal();
}  // namespace shop
