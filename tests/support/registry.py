"""A registry of one tiny package, `greet`, for npm, PyPI, crates and Go modules, which can be told to misbehave."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

VERSIONS = ("1.0.0", "1.1.0")
Fault = Literal["refuses", "stalls", "cuts", "garbage"]
_GO = "example.org/greet"
_SPOILT = {"refuses": (503, b"not now"), "garbage": (200, b"\x00\xff<garbage>" * 20)}


class Registry:
    """The server.

    Attributes:
        fault: what it does instead of answering; None answers.
        faults: how many answers the fault spoils; None spoils all.
        asked: the paths that were asked for.
    """

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.faults: int | None = None
        self.asked: list[str] = []
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.files = dict(_files(self.url))

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """End."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def misbehaving(self, fault: Fault, times: int | None = None) -> Iterator[None]:
        """Spoil answers for the length of a block."""
        self.fault, self.faults = fault, times
        self.released.clear()
        try:
            yield
        finally:
            self.fault = self.faults = None
            self.released.set()

    def spoils(self) -> Fault | None:
        """Say what to do instead of the next answer."""
        if self.fault is None or self.faults == 0:
            return None
        self.faults = None if self.faults is None else self.faults - 1
        return self.fault


@contextmanager
def serving() -> Iterator[Registry]:
    """Have a registry for the length of a block."""
    registry = Registry()
    registry.start()
    try:
        yield registry
    finally:
        registry.stop()


def _handler(registry: Registry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0].rstrip("/")
            registry.asked.append(path)
            match registry.spoils():
                case "stalls":
                    registry.released.wait()
                case "cuts":
                    self._answer(200, b"{", html=path.startswith("/simple"), missing=1000)
                    self.close_connection = True
                case "refuses" | "garbage" as fault:
                    self._answer(*_SPOILT[fault])
                case None:
                    content = registry.files.get(path)
                    self._answer(404 if content is None else 200, content or b"", html=path.startswith("/simple"))

        def _answer(self, code: int, content: bytes, *, html: bool = False, missing: int = 0) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(content) + missing))
            self.send_header("Content-Type", "text/html" if html else "application/json")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            return None

    return Handler


def _files(url: str) -> Iterator[tuple[str, bytes]]:
    yield from _npm(url)
    yield from _pypi()
    yield from _crates(url)
    yield from _go()


def _npm(url: str) -> Iterator[tuple[str, bytes]]:
    versions = {}
    for version in VERSIONS:
        manifest = {"name": "greet", "version": version, "main": "index.js"}
        source = f"module.exports = () => 'hello {version}';\n"
        tarball = _tar({"package/package.json": json.dumps(manifest), "package/index.js": source})
        path = f"/npm/greet/-/greet-{version}.tgz"
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
        shasum = hashlib.sha1(tarball).hexdigest()  # noqa: S324 - what the protocol asks for
        versions[version] = {**manifest, "dist": {"tarball": url + path, "integrity": integrity, "shasum": shasum}}
        yield path, tarball
    packument = {"name": "greet", "dist-tags": {"latest": VERSIONS[-1]}, "versions": versions}
    packument["time"] = dict.fromkeys(VERSIONS, "2024-01-01T00:00:00.000Z")
    yield "/npm/greet", json.dumps(packument).encode()


def _pypi() -> Iterator[tuple[str, bytes]]:
    links = []
    for version in VERSIONS:
        information = f"greet-{version}.dist-info"
        content = {
            "greet.py": f"def greet():\n    return 'hello {version}'\n",
            f"{information}/METADATA": f"Metadata-Version: 2.1\nName: greet\nVersion: {version}\n",
            f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{name},sha256={_record_hash(text)},{len(text)}\n" for name, text in content.items())
        wheel = _zip({**content, f"{information}/RECORD": f"{record}{information}/RECORD,,\n"})
        name = f"greet-{version}-py3-none-any.whl"
        links.append(f'<a href="/wheels/{name}#sha256={hashlib.sha256(wheel).hexdigest()}">{name}</a>')
        yield f"/wheels/{name}", wheel
    yield "/simple/greet", f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()


def _record_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _crates(url: str) -> Iterator[tuple[str, bytes]]:
    lines = []
    for version in VERSIONS:
        manifest = f'[package]\nname = "greet"\nversion = "{version}"\nedition = "2021"\n'
        source = f'pub fn greet() -> &\'static str {{ "hello {version}" }}\n'
        crate = _tar({f"greet-{version}/Cargo.toml": manifest, f"greet-{version}/src/lib.rs": source})
        checksum = hashlib.sha256(crate).hexdigest()
        line = {"name": "greet", "vers": version, "deps": [], "cksum": checksum, "features": {}, "yanked": False}
        lines.append(json.dumps(line))
        yield f"/crates/dl/greet/{version}/download", crate
    yield "/crates/gr/ee/greet", "\n".join(lines).encode()
    yield "/crates/config.json", json.dumps({"dl": f"{url}/crates/dl"}).encode()


def _go() -> Iterator[tuple[str, bytes]]:
    module = f"module {_GO}\n\ngo 1.21\n"
    for version in VERSIONS:
        source = f'package greet\n\nfunc Greet() string {{ return "hello {version}" }}\n'
        prefix = f"{_GO}@v{version}"
        yield f"/go/{_GO}/@v/v{version}.zip", _zip({f"{prefix}/go.mod": module, f"{prefix}/greet.go": source})
        yield f"/go/{_GO}/@v/v{version}.mod", module.encode()
        yield f"/go/{_GO}/@v/v{version}.info", json.dumps({"Version": f"v{version}"}).encode()
    yield f"/go/{_GO}/@v/list", "".join(f"v{version}\n" for version in VERSIONS).encode()


def _tar(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(packed.getvalue(), mtime=0)


def _zip(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), text)
    return packed.getvalue()
