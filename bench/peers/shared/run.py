#!/usr/bin/python3 -B
"""Measures one figure of one peer; each peer's `run` is a link to this.

What is particular to the peer stands in its peer.toml: the commands of its client and its worker, both
started in its folder, and the figures it has.
"""
import argparse
import json
import pathlib
import signal
import sys
import tomllib

import psycopg2
import redis

from figures import FIGURES, UNCOUNTED
from processes import NODE_MODULES, Failure, Peer, setting


def main():
    folder = pathlib.Path(sys.argv[0]).absolute().parent
    peer = Peer(folder=folder, **tomllib.loads((folder / "peer.toml").read_text(encoding="utf-8")))
    name = f"{folder.name}/run"
    parser = argparse.ArgumentParser(prog=name, description=f"Measures one figure of {folder.name}.")
    parser.add_argument("figure", nargs="?", choices=peer.figures)
    parser.add_argument("--jobs", type=int, help="how many")
    parser.add_argument("--figures", action="store_true", help="print the figures that this peer has")
    arguments = parser.parse_args()
    if arguments.figures:
        print("\n".join(peer.figures))
        return
    if arguments.figure is None or (arguments.jobs or 0) <= UNCOUNTED:
        parser.error(f"needs a figure, and --jobs with a number above {UNCOUNTED}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception, so that what we started is ended
    try:
        setting("REDIS_URL")
        setting("DATABASE_URL")
        if peer.client[0] == "node" and not NODE_MODULES.exists():
            raise Failure("needs its packages from npm; bench/peers/install installs them.")
        print(json.dumps(FIGURES[arguments.figure](peer, arguments.jobs)))
    except (Failure, OSError, psycopg2.Error, redis.RedisError) as error:
        sys.exit(f"{name}: {error}")


main()
