"""How busy others keep the machine, seen while the benchmark itself pauses: what they take, nobody measures."""

import time
from pathlib import Path


def pause(seconds: float) -> float:
    """Waits so long; the share of all cores that was in use meanwhile, from 0 to 1."""
    idle_before, all_before = idle_and_all()
    time.sleep(seconds)
    idle_after, all_after = idle_and_all()
    passed = all_after - all_before
    return 1 - (idle_after - idle_before) / passed if passed > 0 else 0.0


def idle_and_all() -> tuple[int, int]:
    """Ticks of all cores since the machine's start; a core that waits for a disk is idle."""
    user, nice, system, idle, iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    )
    return idle + iowait, user + nice + system + idle + iowait + irq + softirq + steal
