/// This machine, and the disks of servers that run on it.
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {
namespace {

constexpr double kLittleDisk = 0.1;
constexpr double kLittleMemory = 0.1;
constexpr std::uint64_t kFewFiles = 1024;

std::string share(double free, double total) { return in_bytes(free) + " of " + in_bytes(total) + " free"; }

}  // namespace

void look_at_disk(const std::optional<DiskReport>& disk, Notes& notes) {
  if (!disk || disk->total <= 0) return;  // on another machine, or not to be asked
  const auto value = share(disk->free, disk->total);
  notes.fact("disk of " + disk->folder, value);
  if (disk->free >= disk->total * kLittleDisk) return;
  notes.found(Severity::kWarning, "disk of " + disk->folder, value,
              "Where it is full the server stops writing, and no job is taken or done.",
              "Make room, or move the data.");
}

void look_at_machine(const MachineReport& machine, Notes& notes) {
  if (machine.memory && machine.available) {
    const auto value = share(*machine.available, *machine.memory);
    notes.fact("memory", value);
    if (*machine.available < *machine.memory * kLittleMemory) {
      notes.found(Severity::kWarning, "memory", value,
                  "The kernel may kill a worker, and with it the jobs that it is running are run again.",
                  "Lower --concurrency or --processes, or set --max-memory; see what takes it.");
    }
  }
  if (machine.open_files && *machine.open_files < kFewFiles) {
    notes.found(Severity::kNote, "open files", std::to_string(*machine.open_files),
                "A process may have so few that connections of many threads do not fit.",
                "Raise LimitNOFILE of the unit, or ulimit -n.");
  }
  if (machine.clock_is_set && !*machine.clock_is_set) {
    notes.found(Severity::kNote, "clock", "not synchronised",
                "The kernel says that nobody sets the clock of this machine; it drifts away from those of "
                "the servers.",
                "Run chrony or systemd-timesyncd; in a container look at its host.");
  }
}

}  // namespace aftercommit::operate
