#include "worker/process/task_library.hpp"

#include <dlfcn.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "aftercommit/error.hpp"
#include "aftercommit/worker.hpp"
#include "worker/watch/uncaught.hpp"

namespace aftercommit::worker {
namespace {

std::string cannot_load(const std::string& path) { return "cannot load task library '" + path + "': "; }

/// A library that others may write is code that others may run as us.
void check_permissions(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;  // dlopen says it better
  if ((status.st_mode & S_IWOTH) != 0) {
    throw UsageError{cannot_load(path) + "everybody may write it; run chmod o-w on it"};
  }
}

template <class Function>
Function* symbol(void* library, const char* name, const std::string& path) {
  void* address = ::dlsym(library, name);
  if (address == nullptr) {
    throw UsageError{"'" + path + "' is not a task library: it does not use AFTERCOMMIT_TASK_LIBRARY"};
  }
  return reinterpret_cast<Function*>(address);
}

/// What its static objects throw comes through here, or ends in a call of std::terminate() on its way.
void* open(const std::string& path) {
  try {
    // Declared to throw nothing, which the compiler would believe, and which is not so.
    void* (*volatile const load)(const char*, int) = ::dlopen;
    return load(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  } catch (...) {
    throw UsageError{cannot_load(path) + what_was_thrown()};
  }
}

}  // namespace

App& load_task_library(const std::string& given) {
  if (given.find("://") != given.npos) throw UsageError{"--app takes the path of a task library, not a URL"};
  std::error_code ignored;
  // Never the search path: what runs is the file that was named.
  const auto path = std::filesystem::absolute(given, ignored).string();
  check_permissions(path);
  void* const library = open(path);
  if (library == nullptr) throw UsageError{std::string{"cannot load task library: "} + ::dlerror()};
  const int abi = symbol<int()>(library, "aftercommit_task_library_abi", path)();
  if (abi != kTaskLibraryAbi) {
    throw UsageError{"task library '" + path + "' was built for another version of aftercommit (ABI " +
                     std::to_string(abi) + ", this worker has " + std::to_string(kTaskLibraryAbi) +
                     "): build it anew"};
  }
  auto* const define = symbol<App*()>(library, "aftercommit_load_task_library", path);
  try {
    return *define();
  } catch (...) {
    throw UsageError{cannot_load(path) + "it fails to define its tasks: " + what_was_thrown()};
  }
}

}  // namespace aftercommit::worker
