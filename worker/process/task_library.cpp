#include "worker/process/task_library.hpp"

#include <dlfcn.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "aftercommit/error.hpp"
#include "aftercommit/worker.hpp"
#include "worker/process/needed_libraries.hpp"
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

constexpr const char* kBuildAnew =
    "build it anew, with the headers and libraries of this version, " AFTERCOMMIT_VERSION;

/// Our libraries of another release would come into this process together with it, and both call each other's
/// functions by their names: so that is found out before anything of it is loaded.
void check_release(const std::string& path) {
  constexpr std::string_view kOurs = "libaftercommit_client.so.";
  constexpr std::string_view kVersion = AFTERCOMMIT_VERSION;
  const auto series = kVersion.substr(0, kVersion.rfind('.'));  // 0.2 of 0.2.0, as in the library's name
  for (const auto& needed : needed_libraries(path)) {
    if (!needed.starts_with(kOurs) || needed.substr(kOurs.size()) == series) continue;
    throw UsageError{"task library '" + path + "' was built for version " + needed.substr(kOurs.size()) +
                     " of aftercommit (it needs " + needed + "): " + kBuildAnew};
  }
}

/// Built with other headers than the library that is here, it asks for functions that are not in that: see
/// AFTERCOMMIT_ABI_TAG.
std::string cannot_open(const std::string& path, const std::string& reason) {
  if (reason.find("undefined symbol: _ZN11aftercommit") == reason.npos) {
    return "cannot load task library: " + reason;
  }
  return cannot_load(path) + "it was built with the headers of another version of aftercommit (" + reason +
         "): " + kBuildAnew;
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
  check_release(path);
  void* const library = open(path);
  if (library == nullptr) throw UsageError{cannot_open(path, ::dlerror())};
  const int abi = symbol<int()>(library, "aftercommit_task_library_abi", path)();
  if (abi != kTaskLibraryAbi) {
    throw UsageError{"task library '" + path + "' was built for another version of aftercommit (ABI " +
                     std::to_string(abi) + ", this worker has " + std::to_string(kTaskLibraryAbi) +
                     "): " + kBuildAnew};
  }
  auto* const define = symbol<App*()>(library, "aftercommit_load_task_library", path);
  try {
    return *define();
  } catch (...) {
    throw UsageError{cannot_load(path) + "it fails to define its tasks: " + what_was_thrown()};
  }
}

}  // namespace aftercommit::worker
