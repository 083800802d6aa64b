"""What people and programs do between a plan and its execution: shell lines, one for every way a thing can move.

They run in the main worktree. `$A`, `$T` and `$U` are the trees of `auth`, of its helper and of `ui`; `$R` is git's
record of `auth`; `commit TREE` commits all that is there, `dev` makes a tree of `dev` at `../dev`.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from tests.faults.world import World
from tests.support.repository import GitRepo

_WORDS = """\
A=../shop.wt/auth T=../shop.wt/auth--test U=../shop.wt/ui R=.git/worktrees/auth
commit() { git -C $1 add -f . && git -C $1 commit -q --allow-empty -m mine; }
dev() { git worktree add -q ../dev dev; }
"""


@dataclass(frozen=True, slots=True)
class Start:
    """What is planned: `apply WORDS` of the manifest `after`, where `before` was applied and then spoilt."""

    name: str
    after: str
    before: str = ""
    words: tuple[str, ...] = ()
    spoil: str = "true"


MANIFEST = "worktrees: {auth: {base: dev, modify: app, helpers: {test: {eager: true}, notes: }}, ui: {modify: lib}}\n"
SPARSE = MANIFEST.replace("modify: app", "modify: app, checkout: sparse")
STARTS = (
    Start("create", MANIFEST),
    Start("rename", MANIFEST.replace("base: dev,", "base: dev, branch: feature/auth, path: ../moved/auth,"), MANIFEST),
    Start("edit", MANIFEST.replace("base: dev,", "base: dev, task: x, files: {n/new.md: {content: n}},"), MANIFEST),
    Start("sparse", SPARSE.replace("modify: app", "modify: [app, lib]"), SPARSE),
    Start("prune", "worktrees: {ui: {modify: lib}}\n", MANIFEST, ("--prune",)),
    Start("again", MANIFEST, MANIFEST, spoil="cp -a $A kept && rm -rf $A"),
    Start("repair", MANIFEST, MANIFEST, spoil="mv $A $A-moved"),
)


def build(world: World) -> None:
    """Make the repository, its manifest unseen by git."""
    world.root.mkdir(parents=True)
    world.store.mkdir()
    repository = GitRepo.init(world.root / "shop", {"app/a.py": "a\n", "app/b.py": "b\n", "lib/c.py": "c\n"})
    repository.write({".git/info/exclude": "/orchestra.yaml\n/kept\n"})
    repository.git("branch", "dev")


def run_shell(world: World, lines: str) -> None:
    """Run shell lines in the main worktree, past all guards; they must succeed."""
    words = ["sh", "-euc", _WORDS + lines]
    no_hooks = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": os.devnull}
    environment = {**os.environ, **no_hooks}
    done = subprocess.run(
        words, cwd=world.repository.path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# What a person does who reads a hint that is no command.
WAYS_OUT = {
    "switch the main worktree to another branch": "git switch -q main",
    "rename one of them": "git branch -m auth/x other",
    "name another `base:`": "git branch dev main",
    "name another `path:`": "sed -i 's/auth: {/auth: {path: ..\\/another,/' orchestra.yaml",
    "has to be called otherwise": "for tree in $A $T; do test ! -d $tree || git -C $tree mv .sub-agents theirs;"
    " test ! -d $tree || git -C $tree commit -qm renamed; done",
    "replace it by a directory": "for place in $A/n $A/.sub-agents/notes $A/.sub-agents; do"
    " if [ -L $place ] || [ -f $place ]; then mv $place $place.mine; fi; done",
}

BRANCH = "branch: planned from 'auth', found 'mine'"
DETACHED = "branch: planned from 'auth', found 'none'"
ABSENT = "tree: planned from 'present', found 'absent'"
MISSING = "tree: planned from 'present', found 'missing'"
NOTHING = "content: planned from '.*', found nothing"
KEPT = "is kept: |now to leave it as it is .kept: "
NO_TREE = f"{NOTHING}|needs workspace:auth to be changed|planned from 'present', found|for another clone"
LOCKED = "locked: planned from 'no', found 'mine'"
TRACKED = "planned from 'SESSION.md', found '.sub-agents/SESSION.md'|planned from nothing, found it committed"

# For each start, what happens meanwhile: how, and what a refusal says (a regular expression). Nothing said: all is done
# nevertheless. With `~`: either, a saved plan being stricter than one that was made a moment ago.
ROWS: dict[str, dict[str, tuple[str, str]]] = {
    "create": {
        "nothing": ("true", ""),
        "branch created": ("git branch auth", "branch auth: planned from 'absent', found 'at "),
        "branch created elsewhere": (
            "git worktree add -q -b auth ../mine",
            "checked out at: planned from nothing, found '.*/mine'",
        ),
        "branch in main": ("git switch -q -c auth", "checked out at: planned from nothing, found '.*/shop'"),
        "branch in the way": (
            "git branch auth/x",
            "planned to create it, now to stop at a conflict .git cannot keep branch auth beside branch auth/x",
        ),
        "branch on a remote": (
            "git init -q --bare ../far && git remote add origin ../far && git push -q origin dev:auth",
            "remote: planned from nothing, found 'origin/auth at ",
        ),
        "helper branch created": ("git branch auth--test", "branch auth--test: planned from 'absent', found 'at "),
        "base moved on": (
            "dev && commit ../dev",
            "~branch: planned 'auth .new, from dev at .*, now 'auth .new, from dev at ",
        ),
        "base deleted": ("git branch -D dev", "now to stop at a conflict .base dev does not exist"),
        "base has a file of ours": (
            "dev && echo theirs >../dev/SESSION.md && commit ../dev",
            "~branch: planned 'auth .new",
        ),
        "base has a desk": (
            "dev && mkdir -p ../dev/.sub-agents/notes && echo theirs >../dev/.sub-agents/notes/x && commit ../dev",
            "~branch: planned 'auth .new",
        ),
        "base renamed": ("git branch -m dev develop", "now to stop at a conflict .base dev does not exist"),
        "main detached": ("git switch -q --detach", ""),
        "empty directory": ("mkdir -p $A", ""),
        "full directory": (
            "mkdir -p $A && echo mine >$A/x",
            "obstacle: planned from nothing, found '.*/auth exists and is not empty'",
        ),
        "file": ("mkdir -p ../shop.wt && echo mine >$A", "obstacle: .* exists and is no directory"),
        "link": ("mkdir -p ../shop.wt ../other && ln -s ../other $A", "obstacle: .* exists and is no directory"),
        "link to nowhere": ("mkdir -p ../shop.wt && ln -s ../other $A", "obstacle: .* exists and is no directory"),
        "trees' directory is a file": (
            "echo mine >../shop.wt",
            "obstacle: planned from nothing, found '.*shop.wt is in the way",
        ),
        "trees' directory is a link": ("mkdir ../other && ln -s other ../shop.wt", "~path: planned '.*, now '"),
        "somebody's tree": ("git worktree add -q -b mine $A", "obstacle: .*a worktree on branch mine"),
        "another repository's tree": (
            "git init -q ../else && commit ../else && git -C ../else worktree add -q $PWD/$A",
            "obstacle: .*another clone or repository",
        ),
        "config.lock": ("touch .git/config.lock", "remove .*/config.lock"),
        "commit in main": ("git -C . commit -q --allow-empty -m mine", "~branch: planned 'ui .new, from main at "),
    },
    "rename": {
        "nothing": ("true", ""),
        "switched": ("git -C $A switch -q -c mine", BRANCH),
        "detached": ("git -C $A switch -q --detach", DETACHED),
        "detached with a commit": (
            "git -C $A switch -q --detach && git -C $A commit -q --allow-empty -m mine",
            DETACHED,
        ),
        "branch renamed": ("git branch -m auth mine", BRANCH),
        "branch renamed as wanted": (
            "git branch -m auth feature/auth",
            "branch: planned from 'auth', found 'feature/auth'",
        ),
        "branch deleted": ("git update-ref -d refs/heads/auth", "only after a person .*: .*branch auth was deleted"),
        "branch created": ("git branch feature/auth", "only after a person .*: .*feature/auth exists already"),
        "branch created elsewhere": (
            "git worktree add -q -b feature/auth ../mine",
            "only after a person .*: .*feature/auth exists already",
        ),
        "branch in the way": ("git branch feature", "only after a person .*: .*branch feature is in the way"),
        "branch published": (
            "git init -q --bare ../far && git remote add origin ../far && git push -q origin auth",
            "only after a person .*: .*is published",
        ),
        "commit": ("echo mine >$A/app/a.py && git -C $A commit -qam mine", ""),
        "edited": ("echo mine >$A/app/a.py; echo new >$A/new.txt; git -C $A add app", ""),
        "in the middle of a merge": (
            "dev && commit ../dev && git -C $A merge -q --no-ff --no-commit dev && test -f $R/MERGE_HEAD",
            "",
        ),
        "tree deleted": ("rm -rf $A", MISSING),
        "tree moved": (
            "mv $A $A-mine",
            "path: planned from '.*/auth', found '.*/auth-mine'; tree: planned from 'present', found 'moved'",
        ),
        "tree moved by git": ("git worktree move $A $A-mine", "path: planned from '.*/auth', found '.*/auth-mine'"),
        "tree moved as wanted": (
            "mkdir ../moved && git worktree move $A ../moved/auth",
            "path: planned from '.*/auth', found '.*/moved/auth'",
        ),
        "tree removed": ("git worktree remove --force $A", ABSENT),
        "locked": ("git worktree lock --reason mine $A", LOCKED),
        ".git deleted": ("rm $A/.git", MISSING),
        "record deleted": ("rm -rf $R", ABSENT),
        "marks deleted": ("rm $R/orchestra.json", ABSENT),
        "empty directory": ("mkdir -p ../moved/auth", ""),
        "full directory": (
            "mkdir -p ../moved/auth && echo mine >../moved/auth/x",
            "only after a person .*: .*is not empty",
        ),
        "file": ("mkdir ../moved && echo mine >../moved/auth", "only after a person .*: .*is no directory"),
        "link": (
            "mkdir ../moved ../other && ln -s ../other ../moved/auth",
            "only after a person .*: .*is no directory",
        ),
        "directory above is a file": ("echo mine >../moved", "only after a person .*: .*is no directory"),
        "replaced by a link": ("mv $A ../away && ln -s ../away $A", ""),
        "index.lock": ("touch $R/index.lock", ""),
        "config.lock": ("touch .git/config.lock", "remove .*/config.lock"),
        "auth.lock": ("touch .git/refs/heads/auth.lock", "remove .*/auth.lock"),
        "file of ours edited": ("echo mine >$A/SESSION.md", "content: planned from '.*', found '"),
        "file of ours deleted": ("rm $A/SESSION.md", NOTHING),
        "desk deleted": (
            "rm -rf $A/.sub-agents",
            "content: planned from '.*', found nothing|needs workspace:auth--notes to be changed first",
        ),
        "base deleted": ("git branch -D dev", ""),
        "base moved on": ("dev && commit ../dev", ""),
    },
    "edit": {
        "nothing": ("true", ""),
        "edited": ("echo mine >$A/SESSION.md", "content: planned from '.*', found '"),
        "edited as wanted": ("sed -i 's/n/m/' $A/app/a.py", ""),
        "deleted": ("rm $A/SESSION.md", NOTHING),
        "a link": (
            "cp $A/SESSION.md ../mine.md && ln -sf $PWD/../mine.md $A/SESSION.md",
            "content: planned from '.*', found 'link:",
        ),
        "a link to a directory": (
            "mkdir ../other && rm $A/SESSION.md && ln -s $PWD/../other $A/SESSION.md",
            "content: planned from '.*', found 'link:",
        ),
        "a directory": ("rm $A/SESSION.md && mkdir $A/SESSION.md && echo mine >$A/SESSION.md/x", NOTHING),
        "a pipe": ("rm $A/SESSION.md && mkfifo $A/SESSION.md", NOTHING),
        "emptied": (": >$A/SESSION.md", "content: planned from '.*', found '"),
        "committed": ("git -C $A add -f SESSION.md && git -C $A commit -qm mine", TRACKED),
        "staged": ("git -C $A add -f SESSION.md", ""),
        "unreadable name": ("mv $A/SESSION.md $A/SESSION.md.bak", NOTHING),
        "user's file": (
            "mkdir $A/n && echo mine >$A/n/new.md",
            "path: planned from 'n/new.md', found '.sub-agents/n/new.md'",
        ),
        "user's file the same": ("mkdir $A/n && printf n >$A/n/new.md", "content: planned from nothing, found '"),
        "user's link above": (
            "mkdir ../other && ln -s $PWD/../other $A/n",
            "now to stop at a conflict .*symbolic link",
        ),
        "user's file above": ("echo mine >$A/n", "now to stop at a conflict .*no directory"),
        "contract of a helper edited": ("echo mine >$A/.sub-agents/notes/CONTRACT.md", ""),
        "contract in a tree edited": ("echo mine >$T/CONTRACT.md", ""),
        "desk deleted": ("rm -rf $A/.sub-agents/notes", ""),
        "desk a link": ("mv $A/.sub-agents/notes ../desk && ln -s $PWD/../desk $A/.sub-agents/notes", ""),
        "desk a file": ("rm -rf $A/.sub-agents/notes && echo mine >$A/.sub-agents/notes", ""),
        "desks a link": ("mv $A/.sub-agents ../desks && ln -s $PWD/../desks $A/.sub-agents", ""),
        "desks a file": ("rm -rf $A/.sub-agents && echo mine >$A/.sub-agents", ""),
        "desks deleted": ("rm -rf $A/.sub-agents", ""),
        "switched": ("git -C $A switch -q -c mine", ""),
        "switched where it is tracked": (
            "git -C $A switch -q -c mine && git -C $A add -f SESSION.md && git -C $A commit -qm mine",
            TRACKED,
        ),
        "detached": ("git -C $A switch -q --detach", ""),
        "branch deleted": ("git update-ref -d refs/heads/auth", ""),
        "branch renamed": ("git branch -m auth mine", ""),
        "tree deleted": ("rm -rf $A", NO_TREE),
        "tree moved": ("mv $A $A-mine", NO_TREE),
        "tree moved by git": ("git worktree move $A $A-mine", "~content: planned from '.*', found nothing"),
        "tree removed": ("git worktree remove --force $A", NO_TREE),
        "tree replaced": ("git worktree remove --force $A && git worktree add -q -b mine $A", NO_TREE),
        "tree replaced by files": ("rm -rf $A && mkdir $A && echo mine >$A/x", NO_TREE),
        "locked": ("git worktree lock --reason mine $A", ""),
        ".git deleted": ("rm $A/.git", NO_TREE),
        "record deleted": ("rm -rf $R", NO_TREE),
        "marks deleted": ("rm $R/orchestra.json", NO_TREE),
        "commit": ("echo mine >$A/app/a.py && git -C $A commit -qam mine", ""),
        "clone's identity": ("git config --unset orchestra.clone", NO_TREE),
    },
    "sparse": {
        "nothing": ("true", ""),
        "patterns": (
            "git -C $A sparse-checkout set --no-cone /app/a.py",
            "checkout: planned from 'sparse: .*', found 'sparse: ",
        ),
        "disabled": ("git -C $A sparse-checkout disable", "checkout: planned from 'sparse: .*', found 'full'"),
        "as wanted": (
            "git -C $A sparse-checkout set --no-cone /app/ /lib/",
            "checkout: planned from 'sparse: .*', found 'sparse: ",
        ),
        "index.lock": ("touch $R/index.lock", "remove .*/index.lock"),
        "user's file in the way": ("mkdir $A/lib && echo mine >$A/lib/c.py", ""),
        "edited outside": ("mkdir $A/lib && echo mine >$A/lib/mine.py", ""),
        "switched": ("git -C $A switch -q -c mine", BRANCH),
        "tree deleted": ("rm -rf $A", MISSING),
        "locked": ("git worktree lock --reason mine $A", LOCKED),
    },
    "prune": {
        "nothing": ("true", ""),
        "user's file": ("echo mine >$A/mine.txt", ""),
        "edited": ("echo mine >$A/app/a.py", ""),
        "ignored file": ("echo '*.log' >>.git/info/exclude && echo mine >$A/x.log", ""),
        "file of ours edited": ("echo mine >$A/SESSION.md", ""),
        "file of ours a link": ("ln -sf $PWD/README $A/SESSION.md", ""),
        "contract edited": ("echo mine >$A/.sub-agents/notes/CONTRACT.md", ""),
        "file in a desk": ("echo mine >$A/.sub-agents/notes/mine.txt", ""),
        "commit": ("git -C $A commit -q --allow-empty -m mine", ""),
        "commit in a helper": ("git -C $T commit -q --allow-empty -m mine", ""),
        "switched": ("git -C $A switch -q -c mine", "branch: planned .*'auth.*'mine"),
        "switched with a commit": (
            "git -C $A switch -q -c mine && git -C $A commit -q --allow-empty -m mine",
            "branch: planned .*'auth.*'mine",
        ),
        "detached": (
            "git -C $A switch -q --detach",
            "branch: planned (from )?'auth.*",
        ),
        "detached with a commit": (
            "git -C $A switch -q --detach && git -C $A commit -q --allow-empty -m mine",
            "branch: planned (from )?'auth.*",
        ),
        "branch moved": ("git update-ref refs/heads/auth $(git commit-tree -m mine -p auth auth^{tree})", ""),
        "branch renamed": ("git branch -m auth mine", "branch: planned .*'auth.*'mine"),
        "tree deleted": ("rm -rf $A", ""),
        "tree moved": ("mv $A $A-mine", "path: planned from '.*/auth', found '.*/auth-mine'"),
        "tree removed": ("git worktree remove --force $A", "~path: planned from '.*/auth', found 'auth'"),
        "tree replaced by files": ("rm -rf $A && mkdir $A && echo mine >$A/x", KEPT),
        "tree replaced": (
            "git worktree remove --force $A && git worktree add -q -b mine $A",
            "path: planned from '.*/auth', found 'auth'|mark: planned from 'ours', found 'none'",
        ),
        "locked": ("git worktree lock --reason mine $A", KEPT),
        ".git deleted": ("rm $A/.git", KEPT),
        "marks deleted": ("rm $R/orchestra.json", "~mark: planned from 'ours', found 'none'"),
        "index.lock": ("touch $R/index.lock", KEPT),
        "config.lock": ("touch .git/config.lock", "remove .*/config.lock"),
        "somebody's tree inside": ("git worktree add -q -b mine $A/.sub-agents/mine", KEPT),
        "repository inside": ("git init -q $A/.sub-agents/mine", KEPT),
        "stash": ("echo s >$A/app/a.py && git -C $A stash -q", ""),
        "base deleted": ("git branch -D dev", ""),
    },
    "again": {
        "nothing": ("true", ""),
        "put back": ("mv kept $A", ""),
        "put back elsewhere": ("mv kept ../elsewhere", "path: planned from '.*/auth', found '.*/elsewhere'"),
        "repaired elsewhere": (
            "mv kept ../elsewhere && git worktree repair ../elsewhere",
            "path: planned from '.*/auth', found '.*/elsewhere'",
        ),
        "files": ("mkdir $A && echo mine >$A/x", "now to stop at a conflict .*is not empty"),
        "file": ("echo mine >$A", "now to stop at a conflict .*is no directory"),
        "link": ("mkdir ../other && ln -s ../other $A", "now to stop at a conflict .*is no directory"),
        "empty directory": ("mkdir $A", ""),
        "record pruned": ("git worktree prune", "tree: planned from 'missing', found 'absent'"),
        "locked": ("git worktree lock --reason mine $A", LOCKED),
        "branch deleted": ("git update-ref -d refs/heads/auth", "now to stop at a conflict .branch auth was deleted"),
        "branch moved": ("git update-ref refs/heads/auth $(git commit-tree -m mine -p auth auth^{tree})", ""),
        "branch checked out": ("git worktree add -q -f ../mine auth", ""),
        "marks deleted": ("rm $R/orchestra.json", "tree: planned from 'missing', found 'absent'"),
        "index.lock": ("touch $R/index.lock", ""),
    },
    "repair": {
        "nothing": ("true", ""),
        "moved back": ("mv $A-moved $A", ""),
        "moved again": ("mv $A-moved $A-mine", "path: planned from"),
        "deleted": ("rm -rf $A-moved", "tree: planned from 'moved', found 'missing'"),
        "repaired": ("git worktree repair $A-moved", ""),
        "replaced": ("mv $A-moved $A-mine && mkdir $A-moved && echo mine >$A-moved/x", "path: planned from"),
        "another at its place": ("mkdir $A && echo mine >$A/x", ""),
        "switched": ("git worktree repair $A-moved && git -C $A-moved switch -q -c mine", BRANCH),
    },
}
