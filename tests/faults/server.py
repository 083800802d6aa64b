"""A warmed process that runs commands in forks of itself, so that a kill costs a fork and no start of Python.

It has one thread and speaks lines of JSON: a request in, what became of it out.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any, NoReturn

import reconciler
from reconciler.cli import main
from tests.faults import points
from tests.faults.watchers import Assassin, Counter, Killer
from tests.support.repository import GitRepo, run_cli


def serve() -> None:
    """Answer requests until the input ends."""
    _warm()
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)  # noqa: T201 - the answer


def _warm() -> None:
    """Import all that a command may need, with what those modules import as late as they can."""
    for info in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if info.name != "reconciler.__main__":
            importlib.import_module(info.name)
    with tempfile.TemporaryDirectory() as directory:
        repository = GitRepo.init(
            Path(directory) / "repository", {"orchestra.yaml": "worktrees: {warm: {helpers: {up: }}}\n"}
        )
        run_cli(["apply", "--auto-approve"], repository.path, {}, "")


def _run(request: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        files = {name: Path(directory) / name for name in ("out", "err", "report")}
        process = os.fork()
        if process == 0:
            _become(request, files)
        _, status = os.waitpid(process, 0)
        texts = {name: file.read_text() if file.exists() else "" for name, file in files.items()}
    return {"code": os.waitstatus_to_exitcode(status), **texts}


def _become(request: dict[str, Any], files: dict[str, Path]) -> NoReturn:
    """Be the command; never return."""
    code = 70
    try:
        os.setsid()
        os.chdir(request["cwd"])
        os.environ["XDG_STATE_HOME"] = str(Path(request["cwd"]).parent / "state")  # it is a part of the world
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for descriptor, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(files[name], os.O_WRONLY | os.O_CREAT), descriptor)
        watcher = _watcher(request["fault"])
        if watcher:
            points.watch(watcher)
        code = main.main(request["words"])
        sys.stdout.flush()
        sys.stderr.flush()
        if isinstance(watcher, Counter):
            files["report"].write_text(json.dumps([watcher.names, watcher.changed, watcher.git_seconds]))
        if isinstance(watcher, Killer):
            files["report"].write_text(json.dumps(watcher.count))
    except BaseException:  # noqa: BLE001 - nothing may reach the loop above, of which this process is a copy
        traceback.print_exc()
    finally:
        os._exit(code)


def _watcher(fault: dict[str, Any] | None) -> Counter | Killer | Assassin | None:
    match fault:
        case {"count": root}:
            return Counter(Path(root))
        case {"call": number, "before": is_before}:
            return Killer(number, is_before)
        case {"program": number, "delay": delay, "victims": victims}:
            return Assassin(number, delay, tuple(victims))
        case _:
            return None


if __name__ == "__main__":
    serve()
