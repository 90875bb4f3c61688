/// This machine: memory, files, disks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace aftercommit::operate {

/// The file system that a folder of this machine is on.
struct DiskReport {
  std::string folder{};
  double total = 0;  ///< bytes, as the next
  double free = 0;   ///< for whoever is not root
};

struct MachineReport {
  std::optional<double> memory{};             ///< bytes, as the next
  std::optional<double> available{};          ///< without swapping
  std::optional<std::uint64_t> open_files{};  ///< that a process may have
  std::optional<bool> clock_is_set{};         ///< by a program that follows the time of others
};

/// Reads /proc and asks the kernel.  What cannot be had is missing.
MachineReport report_of_machine();

/// Nothing where the folder is not there, or may not be looked at.
std::optional<DiskReport> report_of_disk(const std::string& folder);

}  // namespace aftercommit::operate
