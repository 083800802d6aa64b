"""What is installed is what is developed: the specs are found the same way from a wheel, an sdist and a checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READ_SPECS = """
import json
from importlib.resources import files
import reconciler
specs = files("reconciler") / "specs"
print(json.dumps({
    "package": reconciler.__file__,
    "helpers": {entry.name: entry.read_text(encoding="utf-8") for entry in (specs / "helpers").iterdir()},
    "pages": sorted(entry.name for entry in specs.iterdir() if entry.name.endswith((".md", ".json"))),
}))
"""


def _build(target: str, source: Path, destination: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(destination)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = destination.iterdir()
    return built


def _read_specs(python: Path | str, directory: Path) -> dict[str, object]:
    done = subprocess.run([str(python), "-c", READ_SPECS], cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own that sees this one's libraries, but not this checkout."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    library = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    (Path(library.stdout.strip()) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--ignore-installed",
        wheel,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return environment


def test_wheel_holds_each_file_once(wheel: Path) -> None:
    """The wheel has the specs inside the package, and no file twice."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert "reconciler/specs/helpers/test.md" in names
    assert not [name for name in names if not name.startswith(("reconciler/", "orchestra_reconciler-"))]


def test_wheel_from_the_source_distribution_is_the_same(wheel: Path, tmp_path: Path) -> None:
    """Who builds from the sdist gets what we build from the checkout."""
    sdist = _build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()

    again = _build("wheel", source, tmp_path / "again")

    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as two:
        assert sorted(one.namelist()) == sorted(two.namelist())


def test_specs_are_found_in_an_installed_wheel(installed: Path, tmp_path: Path) -> None:
    """An installed package reads the same templates and pages as this checkout."""
    found = _read_specs(installed / "bin" / "python", tmp_path)
    here = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "specs" / "helpers").iterdir()}

    assert str(installed) in str(found["package"])
    assert found["helpers"] == here
    assert found["pages"] == sorted(path.name for path in (ROOT / "specs").iterdir() if path.suffix in {".md", ".json"})


def test_specs_are_found_in_the_checkout() -> None:
    """The link in the package leads to the directory beside it, as an editable install sees it."""
    found = _read_specs(sys.executable, ROOT)

    assert str(ROOT) in str(found["package"])
    assert "test.md" in dict(found["helpers"])  # type: ignore[call-overload]


def test_installed_command_runs(installed: Path, tmp_path: Path) -> None:
    """The command of the wheel starts and knows its version."""
    program = installed / "bin" / "orchestra"
    done = subprocess.run(
        [program, "--version"], cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("orchestra ")
