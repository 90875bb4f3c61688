"""How many messages a job costs: counted by proxies that stand between aftercommit and its servers."""

import os
import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import processes
import servers
from contestants import ROOT

TIMEOUT_SECONDS = 300
FEW, MANY = 2_000, 6_000  # the difference of two runs tells what a job costs, without what a start costs
FIGURES = {
    "enqueue_one": "enqueue one job, no database",
    "enqueue_tx_1": "a transaction of one INSERT that enqueues a durable job",
    "drain": "run a job that does nothing, no database",
    "insert": "run a durable job of one INSERT",
}


@dataclass(frozen=True)
class RoundTrips:
    figure: str
    words: str
    redis: float  # messages to it, a job
    postgresql: float


class CountingProxy:
    """Passes bytes on in both directions; what a client sends at once arrives at once, and counts as one message."""

    def __init__(self, url: str):
        self.messages = 0
        self._lock = threading.Lock()
        self._target = urlsplit(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        user = f"{self._target.username}@" if self._target.username else ""
        return urlunsplit(self._target._replace(netloc=f"{user}127.0.0.1:{self._listener.getsockname()[1]}"))

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            server = socket.create_connection((self._target.hostname, self._target.port))
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pass_on, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(server, client, False), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        try:
            while data := source.recv(1 << 20):
                if counts:
                    with self._lock:
                        self.messages += 1
                sink.sendall(data)
        except OSError:
            pass  # one side is gone, so is the other in a moment
        for side in (source, sink):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def run() -> list[RoundTrips]:
    """Throws RunFailed."""
    return [measure(figure, words) for figure, words in FIGURES.items()]


def measure(figure: str, words: str) -> RoundTrips:
    few, many = count(figure, FEW), count(figure, MANY)
    redis, postgresql = ((more - less) / (MANY - FEW) for less, more in zip(few, many))
    return RoundTrips(figure, words, redis, postgresql)


def count(figure: str, jobs: int) -> tuple[int, int]:
    servers.empty()
    proxies = [CountingProxy(servers.url(name)) for name in ("REDIS_URL", "DATABASE_URL")]
    before = dict(os.environ)
    os.environ.update(REDIS_URL=proxies[0].url, DATABASE_URL=proxies[1].url)
    try:
        program = str(ROOT / "build/bench/bin/bench_system")
        processes.run([program, figure, "--jobs", str(jobs)], TIMEOUT_SECONDS)
    finally:
        os.environ.clear()
        os.environ.update(before)
        for proxy in proxies:
            proxy.close()
    return proxies[0].messages, proxies[1].messages
