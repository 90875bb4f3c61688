/// A task library that was compiled with the headers of release 0.1, and meets the libraries of this one.
#include <map>
#include <string>

namespace aftercommit {

// As in the headers of 0.1, in so far as names for the linker go.
struct AppOptions {
  std::string redis_url{};
  std::map<std::string, std::string> databases{};
};
class App {
 public:
  explicit App(std::string name, AppOptions options = {});
};

}  // namespace aftercommit

static aftercommit::App app{"old"};
extern "C" __attribute__((visibility("default"))) int aftercommit_task_library_abi() { return 1; }
extern "C" __attribute__((visibility("default"))) aftercommit::App* aftercommit_load_task_library() {
  return &app;
}
