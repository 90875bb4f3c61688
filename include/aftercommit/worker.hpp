/// The worker: as a program of the application's own, or as the library that the `worker` daemon loads.
#pragma once

#include "aftercommit/app.hpp"

namespace aftercommit {

/// Runs jobs until a signal ends it; takes the options of the `worker` command, --app apart (see worker
/// --help). Returns the exit code.  Call it from main, before any thread is started: it blocks the signals it
/// handles.
int worker_main(App& app, int argc, const char* const* argv);

/// Changes when a task library built against an older version must be built anew: 1 in 0.1, 3 in 0.2.
inline constexpr int kTaskLibraryAbi = 3;

}  // namespace aftercommit

/// Makes a shared library one that `worker --app` can load; the block after it gives the tasks their bodies:
///   AFTERCOMMIT_TASK_LIBRARY(app) {
///     send_receipt.run([](aftercommit::Job& job, long order_id) { ... });
///   }
#define AFTERCOMMIT_TASK_LIBRARY(app)                                                                     \
  static void aftercommit_define_tasks();                                                                 \
  extern "C" __attribute__((visibility("default"))) int aftercommit_task_library_abi() {                  \
    return ::aftercommit::kTaskLibraryAbi;                                                                \
  }                                                                                                       \
  extern "C" __attribute__((visibility("default"))) ::aftercommit::App* aftercommit_load_task_library() { \
    aftercommit_define_tasks();                                                                           \
    return &(app);                                                                                        \
  }                                                                                                       \
  static void aftercommit_define_tasks()
