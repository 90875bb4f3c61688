/// Tells the system's own copy of the arguments by where it lies.
#include "base/process/command_arguments.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "base/text/secrets.hpp"
#include "base/text/text.hpp"

namespace aftercommit {
namespace {

struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

/// Where the arguments lie: fields 48 and 49 of /proc/self/stat.  Empty where that cannot be read.
Range own_arguments() noexcept {
  constexpr int kBegin = 48;
  constexpr int kFirst = 3;  // behind the name, which may hold anything and ends with the last ')'
  char text[2048];
  std::FILE* const file = std::fopen("/proc/self/stat", "re");
  if (file == nullptr) return {};
  const auto size = std::fread(text, 1, sizeof text - 1, file);
  std::fclose(file);
  text[size] = '\0';
  const char* field = std::strrchr(text, ')');
  for (int number = kFirst - 1; field != nullptr && number < kBegin; ++number) {
    field = std::strchr(field + 1, ' ');
  }
  unsigned long long begin = 0;
  unsigned long long end = 0;
  if (field == nullptr || std::sscanf(field, "%llu %llu", &begin, &end) != 2) return {};
  return {static_cast<std::uintptr_t>(begin), static_cast<std::uintptr_t>(end)};
}

}  // namespace

void hide_secret_arguments(int argc, const char* const* argv) noexcept {
  constexpr std::string_view kMask = "***";
  const auto own = own_arguments();
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto address = reinterpret_cast<std::uintptr_t>(argv[i]);
    if (address < own.begin || address + argument.size() >= own.end || Secrets{argument}.none()) continue;
    const auto equals = argument.starts_with("--") ? argument.find('=') : argument.npos;
    const bool named = equals != argument.npos && valid_name(argument.substr(0, equals));
    const auto kept = named ? equals + 1 : 0;
    char* const value = const_cast<char*>(argv[i]) + kept;  // main() was given it to be changed
    const auto size = argument.size() - kept;
    std::memset(value, 0, size);
    std::memcpy(value, kMask.data(), size < kMask.size() ? size : kMask.size());
  }
}

}  // namespace aftercommit
