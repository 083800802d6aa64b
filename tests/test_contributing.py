"""The example of CONTRIBUTING.md is a kind: it keeps the laws that it stands beside."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from reconciler.model.address import Address
from reconciler.model.change import Action
from reconciler.model.resource import Resource

ROOT = Path(__file__).parent.parent
SOURCE = re.findall(
    r"^```python\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)[0]
RESOURCE = Resource(Address("directory", "a"), "a")


@pytest.fixture
def kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = ModuleType("the_example")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # dataclasses looks it up there
    exec(compile(SOURCE, "CONTRIBUTING.md", "exec"), vars(module))  # noqa: S102
    return module.DirectoryKind(tmp_path / "root")


def test_the_example_keeps_the_laws(kind: Any) -> None:
    """Create, converge, repeat, find the orphan, destroy, repeat."""
    create = kind.diff(RESOURCE, kind.look(RESOURCE))
    assert create.action is Action.CREATE

    for _ in range(2):
        kind.apply(create, RESOURCE, None)
        assert kind.diff(RESOURCE, kind.look(RESOURCE)) == kind.diff(RESOURCE, kind.assume(RESOURCE))
        assert kind.diff(RESOURCE, kind.look(RESOURCE)).action is Action.NO_OP

    (address,) = kind.observe((), None)
    assert kind.orphan(address, "a").action is Action.DELETE

    for _ in range(2):
        kind.destroy(address, "a")
        assert kind.look(RESOURCE) is None


def test_the_example_is_what_the_engine_takes(tmp_path: Path) -> None:
    """A strict type checker accepts it as a `Kind`."""
    use = "from reconciler.model.kind import Kind\n\nkind: Kind[str, str, object] = DirectoryKind(Path())\n"
    (tmp_path / "example.py").write_text(f"{SOURCE}\n\n{use}", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(ROOT / "pyproject.toml"),
        str(tmp_path / "example.py"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
