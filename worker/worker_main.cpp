#include "aftercommit/worker.hpp"
#include "worker/run_worker.hpp"

namespace aftercommit {

int worker_main(App& app, int argc, const char* const* argv) {
  return worker::main_program(argc, argv, false, [&](const worker::Options&) -> App& { return app; });
}

}  // namespace aftercommit
