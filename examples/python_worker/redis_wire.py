"""As much of Redis' protocol as a worker needs: commands and their answers, over TCP or a Unix socket."""
import socket
from urllib.parse import parse_qs, unquote, urlsplit


class RedisError(Exception):
    """What Redis answers in place of a value."""


class Redis:
    """One connection, made when it is needed and anew after an error; for one thread.  Throws RedisError and OSError."""

    def __init__(self, url, timeout):
        self._url = urlsplit(url)
        query = {name: values[-1] for name, values in parse_qs(self._url.query).items()}
        self.prefix = query.get("prefix", "ac")
        self._database = query.get("db") or (self._url.path.strip("/") if self._url.hostname else "") or "0"
        self._timeout = timeout
        self._socket = self._file = None

    def call(self, *words, wait=0.0):
        """`wait`: seconds that the command itself may take."""
        try:
            if self._socket is None:
                self._connect()
            self._socket.settimeout(self._timeout + wait)
            self._socket.sendall(_packed(words))
            return self._answer()
        except OSError:
            self.close()
            raise

    def close(self):
        if self._socket is not None:
            self._file.close()
            self._socket.close()
        self._socket = self._file = None

    def _connect(self):
        if self._url.hostname:
            self._socket = socket.create_connection((self._url.hostname, self._url.port or 6379), self._timeout)
        else:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(self._timeout)
            self._socket.connect(unquote(self._url.path))
        self._file = self._socket.makefile("rb")
        if self._url.password:
            user = [unquote(self._url.username)] if self._url.username else []
            self._greet("AUTH", *user, unquote(self._url.password))
        if self._database != "0":
            self._greet("SELECT", self._database)

    def _greet(self, *words):
        self._socket.sendall(_packed(words))
        self._answer()

    def _answer(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis has closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode("utf-8", "replace"))
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest
        if rest == b"-1":
            return None
        if kind == b"$":
            size = int(rest)
            body = self._file.read(size + 2)
            if len(body) != size + 2:
                raise ConnectionError("Redis has closed the connection")
            return body[:-2]
        # A whole answer is read even where a part of it is an error, so that the next one begins where it should.
        parts, trouble = [], None
        for _ in range(int(rest)):
            try:
                parts.append(self._answer())
            except RedisError as error:
                trouble = error
        if trouble:
            raise trouble
        return parts


def _packed(words):
    packed = [b"*%d\r\n" % len(words)]
    for word in words:
        if not isinstance(word, bytes):
            word = str(word).encode()
        packed.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(packed)
