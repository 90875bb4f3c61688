#include "operate/doctor/machine_report.hpp"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include <fstream>

namespace aftercommit::operate {

MachineReport report_of_machine() {
  MachineReport report;
  std::ifstream lines{"/proc/meminfo"};
  for (std::string name, unit; lines >> name;) {
    double kilobytes = 0;
    if (!(lines >> kilobytes)) break;
    std::getline(lines, unit);
    if (name == "MemTotal:") report.memory = kilobytes * 1024;
    if (name == "MemAvailable:") report.available = kilobytes * 1024;
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) report.open_files = limit.rlim_cur;
  timex clock{};  // asks, and changes nothing
  if (const int state = ::adjtimex(&clock); state >= 0)
    report.clock_is_set = state != TIME_ERROR && (clock.status & STA_UNSYNC) == 0;
  return report;
}

std::optional<DiskReport> report_of_disk(const std::string& folder) {
  struct statvfs disk {};
  if (folder.empty() || folder.front() != '/' || ::statvfs(folder.c_str(), &disk) != 0) return std::nullopt;
  const auto block = static_cast<double>(disk.f_frsize);
  return DiskReport{.folder = folder,
                    .total = block * static_cast<double>(disk.f_blocks),
                    .free = block * static_cast<double>(disk.f_bavail)};
}

}  // namespace aftercommit::operate
