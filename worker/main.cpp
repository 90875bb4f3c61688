// The `worker` command: runs the tasks of the shared library that --app names.
#include "worker/process/task_library.hpp"
#include "worker/run_worker.hpp"

int main(int argc, char** argv) {
  using namespace aftercommit::worker;
  return main_program(argc, argv, true, [](const Options& options) -> aftercommit::App& {
    if (!options.app_path.empty()) return load_task_library(options.app_path);
    static aftercommit::App without_tasks{"relay"};  // for --relay-only
    return without_tasks;
  });
}
