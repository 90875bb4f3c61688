// The options of a call come last, with a name.
#include <aftercommit/aftercommit.hpp>

void ask(const aftercommit::Task<long, std::string>& remind, const aftercommit::CallOptions& options) {
  remind.apply_async(42, "soon", options);
}
