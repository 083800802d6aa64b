"""Names are bytes to git and to the disk, whatever the locale calls them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.repository import GitRepo

NARROW = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
"""Python takes names for ASCII then, as it takes them for Latin-1 in a locale of that."""


def test_a_name_that_the_locale_has_no_letters_for_is_no_reason_to_fail(tmp_path: Path) -> None:
    """The tree is made beside the repository, and not at a name that was read otherwise than it is written."""
    repo = GitRepo.init(tmp_path / "café-日本", {"a.txt": "a\n"})
    (repo.path / "orchestra.yaml").write_text("worktrees: {auth: }\n")
    command = [sys.executable, "-m", "reconciler", "apply", "--auto-approve"]
    environment = {**os.environ, **NARROW, "XDG_STATE_HOME": str(tmp_path / "state")}
    done = subprocess.run(command, cwd=repo.path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "café-日本.wt/auth/a.txt").is_file()
