"""Attempts to get a change out of an area, each a shell script, and which layer stops it. `specs/escapes.md` is made of it.

A script runs in the tree of `auth`, which may change `app` but for `app/vendor`. It knows `$MAIN` (the main worktree),
`$OTHER` (another guarded tree) and `$REMOTE` (a bare repository), and the branches `foreign` and `foreign2`, which
change `lib`, as does what `main` gained since the last apply. `bad` and `spoil` are functions, see `PRELUDE`.
"""
# ruff: noqa: E501 - a script reads best on one line

from __future__ import annotations

from dataclasses import dataclass

GUARD, CHECK, NOTHING = "guard", "check", "nothing"
"""The guard refused it; it went through and `check` refuses the branch; neither."""

GUARDED = "guarded tree"
SETTINGS = (GUARDED,)
"""Where each attempt is run: a column of the page for each. Another is another key of `Attempt.stopped`."""

PRELUDE = """\
spoil() { echo spoilt >>lib/b.py; }
bad() { spoil; git add --all; git commit-tree -p HEAD -m bad "$(git write-tree)"; }
commit() { git add --all; git commit --quiet --no-verify --message x "$@"; }
home=$(git rev-parse --absolute-git-dir)
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt.

    Attributes:
        stopped: by which layer, in each setting.
        remains: what is left of it, in words.
    """

    name: str
    script: str
    stopped: dict[str, str]
    remains: str = ""


def _by(layer: str, name: str, script: str, remains: str = "") -> Attempt:
    return Attempt(name, script, {GUARDED: layer}, remains)


DISK = "the bytes on this disk; their commit is refused"
BYPASS = "the next commit is refused until it is gone, and every plan shows a guard that is not in force"
ONCE = "the next commit is refused until it is gone"

ATTEMPTS = (
    # --- what is committed
    _by(NOTHING, "edit a file outside", "spoil", DISK),
    _by(GUARD, "commit it", "spoil; git commit -qam x"),
    _by(GUARD, "commit it with `--no-verify`", "spoil; commit"),
    _by(GUARD, "add a file outside", "echo x >new; commit"),
    _by(GUARD, "add a file that is denied", "mkdir -p app/vendor; echo x >app/vendor/x; commit"),
    _by(GUARD, "add an ignored file by `add -f`", "echo x >lib/x.log; git add -f lib/x.log; git commit -qnm x"),
    _by(GUARD, "rename a file out of the area", "git mv app/a.py lib/a.py; commit"),
    _by(GUARD, "rename a file into the area", "git mv lib/b.py app/b.py; commit"),
    _by(GUARD, "delete a file", "git rm -q lib/b.py; commit"),
    _by(GUARD, "change a mode", "chmod +x lib/b.py; commit"),
    _by(GUARD, "put a link in place of a file", "ln -sf /etc/passwd top.txt; commit"),
    _by(GUARD, "put a link in place of a directory", "rm -r lib; ln -s app lib; commit"),
    _by(
        NOTHING,
        "write through a link from within the area",
        "ln -s ../lib app/l; echo x >app/l/b.py; git add app; git commit -qnm x",
        DISK,
    ),
    _by(
        NOTHING, "write through a hard link", "ln lib/b.py app/h; echo x >>app/h; git add app; git commit -qnm x", DISK
    ),
    _by(
        GUARD,
        "add a submodule",
        "git init -q lib/s; git -C lib/s commit -q --allow-empty -m x; git add lib/s; git commit -qnm x",
    ),
    _by(
        GUARD,
        "hide it by `ignore = all`",
        "git config submodule.s.path lib/s; git config submodule.s.ignore all; git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),lib/s; git commit -qnm x",
    ),
    _by(GUARD, "odd bytes in a name", """echo x >"$(printf 'lib/\\001\\377')"; commit"""),
    _by(GUARD, "a line end in a name", """echo x >"$(printf 'new\\napp')"; commit"""),
    _by(GUARD, "another case", "mkdir APP; echo x >APP/x; commit"),
    _by(
        GUARD,
        "another Unicode form",
        """mkdir "$(printf 'a\\314\\200pp')"; echo x >"$(printf 'a\\314\\200pp')/x"; commit""",
    ),
    _by(GUARD, "amend", "spoil; commit --amend"),
    # --- how it gets onto the branch
    _by(GUARD, "`commit-tree` and `update-ref`", 'git update-ref refs/heads/auth "$(bad)"'),
    _by(
        GUARD,
        "`fast-import`",
        "printf 'commit refs/heads/auth\\ncommitter A <a> 1 +0000\\ndata 1\\nx\\nfrom refs/heads/auth^0\\nM 100644 inline lib/b.py\\ndata 1\\nx\\n' | git fast-import --quiet --force",
    ),
    _by(GUARD, "`reset --hard` to a commit made apart", 'git reset -q --hard "$(bad)"'),
    _by(GUARD, "`fetch .`", 'git fetch -q --update-head-ok . "+$(bad):refs/heads/auth"'),
    _by(GUARD, "`push .`", 'git checkout -q --detach; git push -q . "+$(bad):refs/heads/auth"'),
    _by(GUARD, "cherry-pick", "git cherry-pick foreign"),
    _by(GUARD, "revert what the base did", "git revert --no-edit HEAD"),
    _by(
        GUARD,
        "`rebase --exec`",
        "echo x >app/x; commit; git rebase -q --exec 'echo x >>lib/b.py; git commit -qanm x' HEAD~1",
    ),
    _by(GUARD, "`am`", "git format-patch -1 foreign --stdout | git am -q"),
    _by(
        GUARD,
        "two commits that undo each other",
        "git checkout -q -b t; spoil; commit; git revert --no-edit HEAD; git branch -f auth t; git update-ref refs/heads/auth t",
    ),
    _by(
        GUARD,
        "a history without the base",
        "git checkout -q --orphan o; git rm -rqf .; echo x >x; mkdir app; mv x app; commit; git update-ref refs/heads/auth HEAD",
    ),
    # --- merges
    _by(GUARD, "merge a foreign branch", "git merge -q --no-edit foreign"),
    _by(GUARD, "octopus", "git merge -q --no-edit foreign foreign2"),
    _by(GUARD, "`merge -s ours` of the base", "echo x >app/x; commit; git merge -q -s ours --no-edit main"),
    _by(GUARD, "merge of a base that orchestra has not seen", "echo x >app/x; commit; git merge -q --no-edit main"),
    _by(
        GUARD,
        "smuggle something into a merge",
        "echo x >app/x; commit; git merge -q --no-commit --no-ff main; spoil; commit",
    ),
    # --- round the hooks
    _by(
        CHECK,
        "detach, then `branch -C`",
        "git checkout -q -b t; spoil; commit; git checkout -q --detach; git branch -C t auth",
        ONCE,
    ),
    _by(
        GUARD,
        "detach, then `branch -M`",
        "git checkout -q -b t; spoil; commit; git checkout -q --detach; git branch -M t auth",
    ),
    _by(CHECK, "`update-ref` in the main worktree", 'git -C "$MAIN" update-ref refs/heads/auth "$(bad)"', ONCE),
    _by(GUARD, "`update-ref` in another guarded tree", 'git -C "$OTHER" update-ref refs/heads/auth "$(bad)"'),
    _by(CHECK, "write the ref's file", 'b=$(bad); echo "$b" >"$MAIN/.git/refs/heads/auth"', ONCE),
    _by(CHECK, "`-c core.hooksPath=`", "spoil; git -c core.hooksPath=/dev/null commit -qam x", ONCE),
    _by(
        CHECK,
        "`GIT_CONFIG_COUNT`",
        "spoil; GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=/dev/null git commit -qam x",
        ONCE,
    ),
    _by(
        GUARD,
        "`GIT_LITERAL_PATHSPECS`",
        "mkdir app/vendor; echo x >app/vendor/x; export GIT_LITERAL_PATHSPECS=1; commit",
    ),
    _by(GUARD, "`GIT_ICASE_PATHSPECS`", "mkdir APP; echo x >APP/x; export GIT_ICASE_PATHSPECS=1; commit"),
    _by(GUARD, "a replace ref", 'b=$(bad); git replace "$b" HEAD; git update-ref refs/heads/auth "$b"'),
    _by(GUARD, "a graft", 'b=$(bad); echo "$b" >"$MAIN/.git/info/grafts"; git update-ref refs/heads/auth "$b"'),
    _by(CHECK, "edit the hook", """printf '#!/bin/sh\\n' >"$home/orchestra-guard/guard"; spoil; commit""", BYPASS),
    _by(CHECK, "edit the rule", """echo 'outside() { :; }' >>"$home/orchestra-guard/rule"; spoil; commit""", BYPASS),
    _by(GUARD, "delete the rule", 'rm "$home/orchestra-guard/rule"; spoil; commit'),
    _by(CHECK, "edit the configuration", "git config --worktree --unset core.hooksPath; spoil; commit", BYPASS),
    _by(GUARD, "delete the mark", 'rm "$home/orchestra.json"; spoil; commit'),
    _by(GUARD, "edit the manifest of the branch", "sed -i 's/modify: app/modify: lib/' orchestra.yaml; commit"),
    _by(
        GUARD,
        "edit the manifest in the main worktree",
        """sed -i 's/modify: app/modify: lib/' "$MAIN/orchestra.yaml"; spoil; commit""",
    ),
    # --- what is others'
    _by(GUARD, "move the base first", 'b=$(bad); git update-ref refs/heads/main "$b"; git reset -q --hard "$b"'),
    _by(
        GUARD,
        "move the remote's base first",
        'b=$(bad); git update-ref refs/remotes/origin/main "$b"; git reset -q --hard "$b"',
    ),
    _by(GUARD, "the shared stash", "spoil; git stash -q"),
    _by(GUARD, "delete an archive", "git update-ref -d refs/orchestra/archive/x/y"),
    _by(GUARD, "delete the branch", "git update-ref -d refs/heads/auth"),
    _by(GUARD, "a subprocess", "spoil; env sh -c 'git commit -qanm x'"),
    _by(GUARD, "a process in the background", "(spoil; commit) & wait"),
    _by(GUARD, "push a commit that no branch has", 'git push -q "$REMOTE" "$(bad):refs/heads/x"'),
    _by(
        NOTHING,
        "push it with `--no-verify`",
        'git push -q --no-verify "$REMOTE" "$(bad):refs/heads/x"',
        "a server refuses it by `orchestra check --pre-receive`, if it judges that name",
    ),
    _by(
        NOTHING,
        "commit to a branch of one's own",
        "git checkout -q -b t; spoil; commit --no-verify",
        "a branch that is nobody's; `check: {governed: …}` refuses it, and pushing it is refused",
    ),
)

_HEAD = """\
# Escapes

Each row is a script that `tests/escapes` runs in a guarded tree whose area is `app` without `app/vendor`, and the layer that stopped it: the [guard](guard.md) refused it;
it went through, and [`check`](check.md) refuses the branch; or nothing. This page is made from the same table (`python -m tests.escapes`).
"""


def page() -> str:
    """The page."""
    rows = [f"| {each.name} | {' | '.join(each.stopped[s] for s in SETTINGS)} | {each.remains} |" for each in ATTEMPTS]
    head = [f"| attempt | {' | '.join(SETTINGS)} | what remains |", "|---" * (len(SETTINGS) + 2) + "|"]
    return "\n".join((_HEAD, *head, *rows)) + "\n"
