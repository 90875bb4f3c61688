#include "worker/process/needed_libraries.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

namespace aftercommit::worker {
namespace {

/// A file in memory, read only; empty if it cannot be had.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    struct stat status {};
    if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
      const auto size = static_cast<std::size_t>(status.st_size);
      void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
      if (at != MAP_FAILED) bytes_ = {static_cast<const char*>(at), size};
    }
    ::close(fd);
  }
  ~MappedFile() {
    if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  /// Copied, as it need not be aligned; nothing where the file ends before.
  template <class T>
  std::optional<T> read(std::size_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  std::string text(std::size_t offset) const {
    if (offset >= bytes_.size()) return {};
    const auto rest = bytes_.substr(offset);
    return std::string{rest.substr(0, rest.find('\0'))};
  }

 private:
  std::string_view bytes_;
};

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Entry = ElfW(Dyn);

std::vector<Segment> segments_of(const MappedFile& file) {
  std::vector<Segment> found;
  const auto header = file.read<Header>(0);
  constexpr int kOurClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_type != ET_DYN ||
      header->e_ident[EI_CLASS] != kOurClass || header->e_phentsize != sizeof(Segment)) {
    return found;
  }
  for (std::size_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = file.read<Segment>(header->e_phoff + i * sizeof(Segment));
    if (!segment) return {};
    found.push_back(*segment);
  }
  return found;
}

/// Where in the file that stands which is loaded at `address`.
std::optional<std::size_t> offset_of(const std::vector<Segment>& segments, std::size_t address) {
  for (const auto& segment : segments) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    if (address - segment.p_vaddr < segment.p_filesz) return segment.p_offset + (address - segment.p_vaddr);
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> needed_libraries(const std::string& path) {
  const MappedFile file{path};
  const auto segments = segments_of(file);
  std::vector<std::size_t> names;  // as offsets in the table of texts
  std::optional<std::size_t> texts;
  for (const auto& segment : segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    for (std::size_t at = 0; at < segment.p_filesz; at += sizeof(Entry)) {
      const auto entry = file.read<Entry>(segment.p_offset + at);
      if (!entry || entry->d_tag == DT_NULL) break;
      if (entry->d_tag == DT_NEEDED) names.push_back(entry->d_un.d_val);
      if (entry->d_tag == DT_STRTAB) texts = offset_of(segments, entry->d_un.d_ptr);
    }
  }
  std::vector<std::string> needed;
  if (!texts) return needed;
  for (const auto name : names) needed.push_back(file.text(*texts + name));
  return needed;
}

}  // namespace aftercommit::worker
