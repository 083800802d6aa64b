"""The package managers that `make` installs for the tests, projects for them, and who counts how often they run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from tests.support.registry import Registry
from tests.support.repository import Content, file_tree

TOOLS = Path(__file__).parents[2] / ".venv/tools"
_PYTHON = 'requires-python = ">=3.9"\ndependencies = ["greet{spec}"]\n'


def search_path(*first: Path) -> str:
    """The path on which the tools are found, before those of the machine."""
    return os.pathsep.join(map(str, (*first, TOOLS / "bin", os.environ["PATH"])))


def require(*names: str) -> None:
    """Skip a test where a tool is missing; with `--no-skip` that fails it."""
    if missing := [name for name in names if shutil.which(name, path=search_path()) is None]:
        pytest.skip(f"{', '.join(missing)} not there: `make .venv/.tools`, and see CONTRIBUTING.md")


def environment(registry: Registry, home: Path, *first: Path) -> dict[str, str]:
    """What the tools need to use the registry and nothing else, and to give up quickly."""
    return {
        "PATH": search_path(*first),
        # Two versions of a module that are as long as each other, written in one second, are one to Python's cache.
        "PYTHONDONTWRITEBYTECODE": "1",
        "CARGO_HOME": str(home / "cargo"),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", f"{pwd.getpwuid(os.getuid()).pw_dir}/.rustup"),
        "GOFLAGS": "-modcacherw",
        "GOPATH": str(home / "go"),
        "GOPROXY": f"{registry.url}/go",
        "GONOSUMDB": "*",
        "GOTOOLCHAIN": "local",
        "PIP_INDEX_URL": f"{registry.url}/simple",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_CONSTRAINT": "",
        "PIP_RETRIES": "1",
        "PIP_DEFAULT_TIMEOUT": "2",
        "POETRY_REQUESTS_TIMEOUT": "2",
        "POETRY_REQUESTS_MAX_RETRIES": "0",
        "UV_HTTP_TIMEOUT": "2",
        "UV_HTTP_RETRIES": "0",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_CACHE_DIR": str(home / "uv"),
        "UV_DEFAULT_INDEX": f"{registry.url}/simple",
        "npm_config_registry": f"{registry.url}/npm/",
        "npm_config_cache": str(home / "npm"),
        "npm_config_fetch_retries": "0",
        "npm_config_fetch_timeout": "2000",
        "pnpm_config_registry": f"{registry.url}/npm/",
        "pnpm_config_store_dir": str(home / "pnpm"),
        "pnpm_config_cache_dir": str(home / "pnpm-cache"),
        "pnpm_config_fetch_retries": "0",
        "pnpm_config_fetch_timeout": "2000",
        "YARN_REGISTRY": f"{registry.url}/npm/",
        "YARN_NPM_REGISTRY_SERVER": f"{registry.url}/npm/",
        "YARN_UNSAFE_HTTP_WHITELIST": "127.0.0.1",
        "YARN_HTTP_TIMEOUT": "2000",
        "YARN_HTTP_RETRY": "0",
        "YARN_CACHE_FOLDER": str(home / "yarn"),
        "YARN_ENABLE_GLOBAL_CACHE": "true",
        "YARN_GLOBAL_FOLDER": str(home / "berry"),
        "BUN_INSTALL_CACHE_DIR": str(home / "bun"),
        "BUN_CONFIG_REGISTRY": f"{registry.url}/npm/",
    }


@dataclass(frozen=True, slots=True)
class Ecosystem:
    """A project of one provider.

    Attributes:
        files: what it is made of, for one version of `greet`.
        lock: the command that makes its lock file.
        lock_file: that file.
        installed: a file that is there when it is installed.
        check: the project's own test.
    """

    name: str
    files: Callable[[str], Mapping[str, Content]]
    lock: tuple[str, ...]
    lock_file: str
    installed: str
    check: tuple[str, ...]

    def write(self, directory: Path, around: Mapping[str, str], version: str = "1.0.0") -> None:
        """Write the project and its lock file."""
        directory.mkdir(parents=True, exist_ok=True)
        file_tree(directory, self.files(version))
        if self.lock:
            run(self.lock, directory, around)

    def require_working(self, directory: Path, around: Mapping[str, str], version: str = "1.0.0") -> None:
        """Run the project's own test."""
        assert run(self.check, directory, around).strip().endswith(f"hello {version}")


def run(argv: tuple[str, ...], directory: Path, around: Mapping[str, str]) -> str:
    """Run a tool that must succeed."""
    whole = {**os.environ, **around}
    program = shutil.which(argv[0], path=whole["PATH"]) if "/" not in argv[0] else str(directory / argv[0])
    assert program, f"{argv[0]} is not there"
    words = [program, *argv[1:]]
    done = subprocess.run(words, cwd=directory, env=whole, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def _node(version: str) -> Mapping[str, Content]:
    return {
        "package.json": f'{{"name": "app", "version": "1.0.0", "dependencies": {{"greet": "{version}"}}}}\n',
        "test.js": "console.log(require('greet')())\n",
    }


def _python(version: str) -> Mapping[str, Content]:
    head = '[project]\nname = "app"\nversion = "1.0.0"\n'
    return {"pyproject.toml": head + _PYTHON.format(spec=f"=={version}"), "test.py": _TEST_PY}


_TEST_PY = "import greet\n\nprint(greet.greet())\n"
_NODE_TEST = ("node", "test.js")
_PYTHON_TEST = (".venv/bin/python", "test.py")


def _poetry(url: str) -> Callable[[str], Mapping[str, Content]]:
    def files(version: str) -> Mapping[str, Content]:
        source = (
            f'\n[tool.poetry]\npackage-mode = false\n\n[[tool.poetry.source]]\nname = "local"\nurl = "{url}/simple"\n'
        )
        made = dict(_python(version))
        return {**made, "pyproject.toml": str(made["pyproject.toml"]) + source}

    return files


def _cargo(url: str) -> Callable[[str], Mapping[str, Content]]:
    def files(version: str) -> Mapping[str, Content]:
        source = f'[source.crates-io]\nreplace-with = "local"\n\n[source.local]\nregistry = "sparse+{url}/crates/"\n'
        manifest = (
            f'[package]\nname = "app"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\ngreet = "={version}"\n'
        )
        main = 'fn main() { println!("{}", greet::greet()); }\n'
        return {"Cargo.toml": manifest, ".cargo/config.toml": source, "src/main.rs": main}

    return files


def _go(version: str) -> Mapping[str, Content]:
    main = 'package main\n\nimport (\n\t"example.org/greet"\n\t"fmt"\n)\n\nfunc main() { fmt.Println(greet.Greet()) }\n'
    return {"go.mod": f"module app\n\ngo 1.21\n\nrequire example.org/greet v{version}\n", "main.go": main}


def ecosystems(registry: Registry) -> dict[str, Ecosystem]:
    """A project for each provider."""
    modules = "node_modules/greet/index.js"
    venv = ".venv/bin/python"
    both = (
        Ecosystem("npm", _node, ("npm", "install", "--package-lock-only"), "package-lock.json", modules, _NODE_TEST),
        Ecosystem("pnpm", _node, ("pnpm", "install", "--lockfile-only"), "pnpm-lock.yaml", modules, _NODE_TEST),
        Ecosystem("yarn", _node, ("yarn", "install", "--ignore-scripts"), "yarn.lock", modules, _NODE_TEST),
        Ecosystem("bun", _node, ("bun", "install", "--lockfile-only"), "bun.lock", modules, _NODE_TEST),
        Ecosystem("uv", _python, ("uv", "lock"), "uv.lock", venv, _PYTHON_TEST),
        Ecosystem("pip", _pip, (), "requirements.txt", venv, _PYTHON_TEST),
        Ecosystem("poetry", _poetry(registry.url), ("poetry", "lock"), "poetry.lock", venv, _PYTHON_TEST),
        Ecosystem("cargo", _cargo(registry.url), ("cargo", "generate-lockfile"), "Cargo.lock", "", _CARGO_TEST),
        Ecosystem("go", _go, ("go", "mod", "tidy"), "go.sum", "", ("go", "run", ".")),
    )
    return {each.name: each for each in both}


_CARGO_TEST = ("cargo", "run", "--quiet", "--offline")


def _pip(version: str) -> Mapping[str, Content]:
    return {"requirements.txt": f"greet=={version}\n", "test.py": _TEST_PY}


@contextmanager
def counted(directory: Path, *names: str) -> Iterator[Callable[[], list[str]]]:
    """Stand in front of tools and write down each start; gives what was started so far."""
    log = directory / "started"
    front = directory / "front"
    front.mkdir(parents=True, exist_ok=True)
    for name in names:
        real = shutil.which(name, path=os.environ["PATH"])
        assert real, f"{name} is not there"
        (front / name).write_text(f'#!/bin/sh\necho {name} "$PWD" >> {log}\nexec {real} "$@"\n')
        (front / name).chmod(0o755)
    with mock.patch.dict(os.environ, {"PATH": f"{front}{os.pathsep}{os.environ['PATH']}"}):
        yield lambda: log.read_text().splitlines() if log.exists() else []
