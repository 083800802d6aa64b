"""The building stands the right way up, and says nothing about the machine it was built on."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"git", "networkx", "pydantic", "rich", "ruamel", "tenacity"}
SOURCES = sorted((ROOT / "reconciler").rglob("*.py"))

# Spelled in halves, so that this file passes its own test.
_FOREIGN = re.compile(
    "|".join(
        (
            "/wo" + "rk/(shared|main|\\.)",
            "/ro" + "ot/",
            "/ho" + "me/[a-z]",
            "/Us" + "ers/[a-z]",
            "\\.py" + "env",
            "/mnt/sand" + "boxing",
        )
    )
)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)


def _own_files() -> Iterator[Path]:
    skipped = {".git", ".venv", ".hypothesis", "dist", "build", "__pycache__"}
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and not skipped.intersection(parts) and not any(part.endswith("_cache") for part in parts):
            yield path


def _calls(source: Path) -> set[str]:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {ast.unparse(call) for call in calls}


def _room(source: Path) -> str:
    return source.relative_to(ROOT / "reconciler").parts[0]


def test_rooms_import_only_the_rooms_below() -> None:
    """import-linter finds every contract kept."""
    done = _run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")

    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_names_the_machine_it_was_written_on() -> None:
    """A path of a developer's machine in a file would be a lie everywhere else."""
    leaks = {
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in _own_files()
        if (found := _FOREIGN.search(path.read_bytes().decode("utf-8", "replace")))
    }

    assert leaks == set()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_says_what_it_is_for(source: Path) -> None:
    """Every module begins with a docstring."""
    assert ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))


def test_only_the_command_line_and_views_print() -> None:
    """A print anywhere else would bypass `--json` and the order of the streams."""
    printing = {
        str(source.relative_to(ROOT))
        for source in SOURCES
        if _room(source) not in {"cli", "views"} and "print" in _calls(source)
    }

    assert printing == set()


def test_no_function_is_too_long_to_read() -> None:
    """A function fits on a screen or two; a hundred lines is a room of its own."""
    long = {
        f"{source.relative_to(ROOT)}:{node.lineno} {node.name}"
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 100
    }

    assert long == set()


@pytest.mark.parametrize("module", ["reconciler.model.plan", "reconciler.model.kind", "reconciler.errors"])
def test_the_floor_imports_the_standard_library_only(module: str) -> None:
    """What everything stands on costs nothing to import."""
    done = _run("-c", f"import sys, {module}; print(sorted({HEAVY} & {{name.split('.')[0] for name in sys.modules}}))")

    assert done.stdout.strip() == "[]", done.stderr


def test_version_imports_no_library() -> None:
    """`orchestra --version` is as quick as Python allows."""
    program = (
        "import sys\nfrom reconciler.cli.main import main\n"
        "try: main(['--version'])\nexcept SystemExit: pass\n"
        f"print(sorted({HEAVY} & {{name.split('.')[0] for name in sys.modules}}))"
    )
    done = _run("-c", program)

    assert done.stdout.splitlines()[-1:] == ["[]"], done.stdout + done.stderr
