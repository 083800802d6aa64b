"""`python -m tests.benchmarks`: run all of them, or those that are named, and end with a table."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks import applying, committing, containing, installing, losses, parking, planning, programs, starting
from tests.benchmarks.measure import Row, table
from tests.support.environment import foreign_variables, hermetic_variables

Benchmark = Callable[[Path, argparse.Namespace], Iterator[Row]]

BENCHMARKS: dict[str, Benchmark] = {
    "programs": lambda scratch, _: programs.run(scratch),
    "starting": lambda scratch, options: starting.run(scratch, options.pairs),
    "planning": lambda scratch, options: planning.run(scratch, options.pairs),
    "applying": lambda scratch, options: applying.run(scratch, options.pairs, options.repository),
    "committing": lambda scratch, options: committing.run(scratch, options.pairs),
    "installing": lambda scratch, options: installing.run(scratch, options.pairs),
    "containing": lambda scratch, options: containing.run(scratch, options.pairs),
    "parking": lambda scratch, options: parking.run(scratch, options.pairs),
    "losses": lambda scratch, options: losses.run(scratch, options.par),
}


def main() -> int:
    """Run the benchmarks; a broken promise is an exit code only with `--check`."""
    options = _options()
    rows = [row for name in options.names or BENCHMARKS for row in _run(name, options)]
    print("\n" + table(rows))
    broken = [row.name for row in rows if row.kept is False]
    return 1 if options.check and broken else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--pairs", type=int, default=5, help="measurements of each contender (default: 5)")
    repository = Path(os.environ["REPO"]) if os.environ.get("REPO") else None
    parser.add_argument("--repository", type=Path, default=repository, help="for `applying`; also REPO=...")
    par = Path(os.environ["PAR"]) if os.environ.get("PAR") else None
    parser.add_argument("--par", type=Path, default=par, help="the `par` of par-cli, for `losses`; also PAR=...")
    parser.add_argument("--check", action="store_true", help="exit 1 when a promise was not kept")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    return options


def _run(name: str, options: argparse.Namespace) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix=f"orchestra-bench-{name}-") as directory:
        _isolate(Path(directory))
        return list(BENCHMARKS[name](Path(directory), options))


def _isolate(scratch: Path) -> None:
    """Let the builders of repositories, too, see no configuration of the user's."""
    for variable in foreign_variables(tuple(os.environ)):
        del os.environ[variable]
    home = scratch / "home"
    home.mkdir()
    os.environ.update(hermetic_variables(home))


if __name__ == "__main__":
    sys.exit(main())
