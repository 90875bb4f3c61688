/// A task library that was linked with the libraries of release 0.1: it is to be refused before anything of
/// it runs.
#include <cstdlib>

namespace {

const struct RunsWhenLoaded {
  RunsWhenLoaded() { std::_Exit(99); }
} runs_when_loaded;

}  // namespace

int of_the_library_of_0_1();
extern "C" __attribute__((visibility("default"))) int aftercommit_task_library_abi() {
  return of_the_library_of_0_1();
}
