"""What was measured on, and with which versions."""

import json
import os
import platform
import re
import subprocess
from pathlib import Path

import servers
from contestants import ROOT


def describe(with_peers: bool) -> dict:
    machine = {
        "cpu": first_match(Path("/proc/cpuinfo"), r"^model name\s*:\s*(.+)$"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": int(first_match(Path("/proc/meminfo"), r"^MemTotal:\s*(\d+)") or 0) // 1024,
        "kernel": platform.release(),
        "system": first_match(Path("/etc/os-release"), r'^PRETTY_NAME="?([^"\n]+)'),
        "aftercommit": said(["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--tags"]),
        **servers.versions_and_settings(),
    }
    if with_peers:
        machine["peers"] = {**debian_peers(), **npm_peers()}
    return machine


def debian_peers() -> dict[str, str]:
    listed = (ROOT / "scripts/packages.txt").read_text().splitlines()
    names = [words[0] for words in map(str.split, listed) if len(words) > 1 and words[1] == "peers"]
    return {name: said(["dpkg-query", "-W", "-f=${Version}", name]) for name in names}


def npm_peers() -> dict[str, str]:
    """As they are installed."""
    folder = ROOT / "build/bench/peers/node_modules"
    wanted = ROOT / "bench/peers/package.json"
    names = json.loads(wanted.read_text())["dependencies"] if wanted.exists() else []
    files = {name: folder / name / "package.json" for name in names}
    return {name: json.loads(file.read_text())["version"] for name, file in files.items() if file.exists()}


def first_match(file: Path, pattern: str) -> str:
    found = re.search(pattern, file.read_text(), re.MULTILINE) if file.exists() else None
    return found[1].strip() if found else ""


def said(command: list[str]) -> str:
    """What the program prints; nothing where there is no such program, or it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
