#include "base/process/static_storage.hpp"

#include <link.h>

#include <cstddef>
#include <cstdint>

namespace aftercommit::detail {
namespace {

struct Search {
  std::uintptr_t address;
};

int holds(dl_phdr_info* module, std::size_t /*size*/, void* search) noexcept {
  const auto address = static_cast<const Search*>(search)->address;
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    const auto& segment = module->dlpi_phdr[i];
    const auto begin = module->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && address >= begin && address - begin < segment.p_memsz) return 1;
  }
  return 0;
}

}  // namespace

bool has_static_storage(const void* object) noexcept {
  Search search{reinterpret_cast<std::uintptr_t>(object)};
  return ::dl_iterate_phdr(holds, &search) != 0;
}

}  // namespace aftercommit::detail
