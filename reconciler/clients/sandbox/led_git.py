"""A `git` before git: it leads git to a tree's private copy, where nothing can be mounted over the real directory.

The rule: it holds nothing, it only helps. Whoever goes round it finds a git directory that cannot be written to.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.files import real_path
from reconciler.clients.hooks import DIRECTORY, KEY, read_hooks
from reconciler.clients.sandbox.private_git import PrivateGit
from reconciler.errors import ConflictError

_PROGRAMS = "bin"
_ANEW = "path.sh"
_LEAD = """\
#!/bin/sh
# git, led to the private copy wherever it would find the git directory of the tree.
at=. option=''
for word; do
	case $option in
	'') ;;
	-C)
		case $word in /*) at=$word ;; *) at=$at/$word ;; esac
		option=''
		continue
		;;
	*)
		option=''
		continue
		;;
	esac
	case $word in
	-C | -c | --namespace | --config-env | --attr-source) option=$word ;;
	--git-dir | --git-dir=* | --work-tree | --work-tree=* | clone | init) exec "$git" "$@" ;;
	-*) ;;
	*) break ;;
	esac
done
[ -z "${GIT_DIR-}" ] || exec "$git" "$@"
found=$(cd -- "$at" 2>/dev/null && "$git" rev-parse --absolute-git-dir 2>/dev/null)
[ "$found" = "$real" ] || exec "$git" "$@"
export GIT_DIR="$private" GIT_COMMON_DIR="$common" GIT_WORK_TREE="$tree"
export GIT_ALTERNATE_OBJECT_DIRECTORIES="$objects"
exec "$git" ${hooks:+-c "$hooks"} "$@"
"""


def lead(private: PrivateGit, rule: str, search_path: str, hooks_path: str | None) -> dict[str, str]:
    """Write it, and give the variables by which programs find it.

    Args:
        private: where it leads.
        rule: the file of the guard that says what the tree may change; it is told there that it stands in a copy.
        search_path: where git is looked for.
        hooks_path: where the user's configuration says that hooks are; None: where git has them.

    Raises:
        ClientError: the operating system refused.
    """
    git = shutil.which("git", path=search_path)
    if git is None:
        raise ConflictError("git cannot be found", hint="see what PATH is")
    common_dir = private.repository.common_dir
    guard = _copy_guard(private, rule)
    hooks = guard or (None if hooks_path else common_dir / "hooks")
    names = {
        "git": git,
        "real": real_path(private.record.git_dir),
        "private": private.git_dir,
        "common": private.common_dir,
        "tree": private.record.path,
        "objects": common_dir / "objects",
        "hooks": f"{KEY}={hooks}" if hooks else "",
    }
    first, rest = _LEAD.split("\n", 1)
    said = "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in names.items())
    files.write(private.directory, f"{_PROGRAMS}/git", os.fsencode(f"{first}\n{said}{rest}"), mode=0o755)
    return _found_first(private, search_path)


def _found_first(private: PrivateGit, search_path: str) -> dict[str, str]:
    """Let it be found before git, also by a login shell, in which agents run commands: it sets PATH anew."""
    place = private.directory / _PROGRAMS
    first = shlex.quote(f"{place}{os.pathsep}")
    text = f"case $PATH in {first}*) ;; *) PATH={first}$PATH ;; esac\n"
    files.write(private.directory, f"{_PROGRAMS}/{_ANEW}", os.fsencode(text))
    return {"PATH": f"{place}{os.pathsep}{search_path}", "BASH_ENV": str(place / _ANEW)}


def _copy_guard(private: PrivateGit, rule: str) -> Path | None:
    """Give the copy the guard of the tree, which is told that it stands in a copy; None when there is none."""
    entries = read_hooks(private.record.git_dir)
    where = os.fspath((private.git_dir / DIRECTORY).relative_to(private.common_dir))
    for name, entry in entries.items():
        if entry.link is not None:
            files.write_link(private.common_dir, f"{where}/{name}", entry.link)
        elif entry.content is not None:
            told = f"sandboxed=yes\ncommon={shlex.quote(str(private.common_dir))}\n" if name == rule else ""
            files.write(private.common_dir, f"{where}/{name}", entry.content + os.fsencode(told), mode=entry.mode)
    return private.git_dir / DIRECTORY if rule in entries else None
