"""Runs one contestant: for so long and no longer, and with all processes that it starts."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path

GRACE_SECONDS = 15  # between SIGTERM and SIGKILL
TAIL_CHARACTERS = 1500  # of what a failed contestant said


class RunFailed(Exception):
    """A sentence, with the end of what the contestant said."""


def run(command: list[str], timeout_seconds: float) -> str:
    """The last line that it prints."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+", errors="replace") as err:
        # In files and not pipes: a process left behind would hold those open. pdeathsig: should we be killed.
        program = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", *command],
            stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
        )
        try:
            program.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            end(program)
            raise RunFailed(f"took more than {timeout_seconds:.0f} s{said(err)}") from None
        except BaseException:
            end(program)
            raise
        left = processes_of_group(program.pid)
        kill_group(program.pid, signal.SIGKILL)
        if program.returncode != 0:
            raise RunFailed(f"ended with {program.returncode}{said(err)}")
        if left:
            raise RunFailed(f"left processes behind ({', '.join(left)}){said(err)}")
        out.seek(0)
        lines = out.read().strip().splitlines()
        if not lines:
            raise RunFailed(f"printed no result{said(err)}")
        return lines[-1]


def end(program: subprocess.Popen) -> None:
    kill_group(program.pid, signal.SIGTERM)
    try:
        program.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    kill_group(program.pid, signal.SIGKILL)
    program.wait()


def kill_group(group: int, sign: signal.Signals) -> None:
    try:
        os.killpg(group, sign)
    except ProcessLookupError:
        pass  # none is left, as it should be


def processes_of_group(group: int) -> list[str]:
    """The names of those that still run; a zombie, which its new parent may never collect, does not."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = file.read_text(errors="replace").split("(", 1)[1].rsplit(")", 1)
        except (OSError, IndexError):
            continue  # has just ended
        state, _, of_group = rest.split()[:3]
        if int(of_group) == group and state not in "ZX":
            found.append(name)
    return found


def said(err) -> str:
    err.seek(0)
    text = err.read().strip()[-TAIL_CHARACTERS:]
    return f"; the end of what it said:\n{text}" if text else ", and said nothing"
