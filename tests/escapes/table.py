"""Attempts to get a change out of an area, each a shell script, and which layer stops it. `specs/escapes.md` is made of it.

A script runs in the tree of `auth`, which may change `app` but for `app/vendor`. It knows `$MAIN` (the main worktree),
`$OTHER` (another guarded tree), `$REMOTE` (a bare repository) and `$OUT` (a directory), and the branches `foreign` and `foreign2`, which
change `lib`, as does what `main` gained since the last apply. `bad` and `spoil` are functions, see `PRELUDE`.
"""
# ruff: noqa: E501 - a script reads best on one line

from __future__ import annotations

from tests.escapes.attempt import CHECK, GUARD, GUARDED, IMPORT, KERNEL, NOTHING, PRIVATE, SANDBOXED, Attempt

PRELUDE = """\
home=$(git rev-parse --absolute-git-dir); smuggled=
spoil() { echo spoilt >>lib/b.py || smuggle; }
smuggle() { smuggled=yes; git update-index --cacheinfo "100644,$(echo spoilt | git hash-object -w --stdin),lib/b.py"; }
stage() { git add --all; test -z "$smuggled" || smuggle; }
bad() { spoil; stage; git commit-tree -p HEAD -m bad "$(git write-tree)"; }
commit() { stage; git commit --quiet --no-verify --message x "$@"; }
"""
"""What a script has: where the file outside cannot be written, it is changed in the index alone."""


def _by(guarded: str, sandboxed: str, name: str, script: str, remains: str = "") -> Attempt:
    return Attempt(name, script, {GUARDED: guarded, SANDBOXED: sandboxed}, remains)


DISK = "the bytes on this disk; their commit is refused"
BYPASS = "the next commit is refused until it is gone, and every plan shows a guard that is not in force"
ONCE = "the next commit is refused until it is gone"

ATTEMPTS = (
    # --- what is committed
    _by(NOTHING, KERNEL, "edit a file outside", "spoil", DISK),
    _by(GUARD, KERNEL, "commit it", "spoil; git commit -qam x"),
    _by(GUARD, GUARD, "commit it with `--no-verify`", "spoil; commit"),
    _by(GUARD, KERNEL, "add a file outside", "echo x >new; commit"),
    _by(GUARD, GUARD, "add a file that is denied", "mkdir -p app/vendor; echo x >app/vendor/x; commit"),
    _by(GUARD, KERNEL, "add an ignored file by `add -f`", "echo x >lib/x.log; git add -f lib/x.log; git commit -qnm x"),
    _by(GUARD, KERNEL, "rename a file out of the area", "git mv app/a.py lib/a.py; commit"),
    _by(GUARD, KERNEL, "rename a file into the area", "git mv lib/b.py app/b.py; commit"),
    _by(GUARD, KERNEL, "delete a file", "git rm -q lib/b.py; commit"),
    _by(GUARD, KERNEL, "change a mode", "chmod +x lib/b.py; commit"),
    _by(GUARD, KERNEL, "put a link in place of a file", "ln -sf /etc/passwd top.txt; commit"),
    _by(GUARD, KERNEL, "put a link in place of a directory", "rm -r lib; ln -s app lib; commit"),
    _by(
        NOTHING,
        KERNEL,
        "write through a link from within the area",
        "ln -s ../lib app/l; echo x >app/l/b.py; git add app; git commit -qnm x",
        DISK,
    ),
    _by(
        NOTHING,
        KERNEL,
        "write through a hard link",
        "ln lib/b.py app/h; echo x >>app/h; git add app; git commit -qnm x",
        DISK,
    ),
    _by(
        GUARD,
        KERNEL,
        "add a submodule",
        "git init -q lib/s; git -C lib/s commit -q --allow-empty -m x; git add lib/s; git commit -qnm x",
    ),
    _by(
        GUARD,
        GUARD,
        "hide it by `ignore = all`",
        "git config submodule.s.path lib/s; git config submodule.s.ignore all; git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),lib/s; git commit -qnm x",
    ),
    _by(GUARD, KERNEL, "odd bytes in a name", """echo x >"$(printf 'lib/\\001\\377')"; commit"""),
    _by(GUARD, KERNEL, "a line end in a name", """echo x >"$(printf 'new\\napp')"; commit"""),
    _by(GUARD, KERNEL, "another case", "mkdir APP; echo x >APP/x; commit"),
    _by(
        GUARD,
        KERNEL,
        "another Unicode form",
        """mkdir "$(printf 'a\\314\\200pp')"; echo x >"$(printf 'a\\314\\200pp')/x"; commit""",
    ),
    _by(
        GUARD,
        GUARD,
        "move a submodule to another commit",
        "git update-index --cacheinfo 160000,$(git rev-parse HEAD),lib/m; git commit -qnm x",
    ),
    _by(
        NOTHING,
        IMPORT,
        "a repository in the area whose configuration runs code in `git status`",
        "git init -q app/s; cd app/s; git commit -q --allow-empty -m x; git config core.fsmonitor 'touch \"$OUT/ran\"'; cd ../..; git add app; git commit -qnm x",
        "remove it before a `git status` there; orchestra's own commands run nothing of it",
    ),
    _by(NOTHING, KERNEL, "an absolute path", 'echo x >"$MAIN/lib/b.py"; echo x >"$OUT/x"', DISK),
    _by(GUARD, GUARD, "amend", "spoil; commit --amend"),
    # --- how it gets onto the branch
    _by(GUARD, GUARD, "`commit-tree` and `update-ref`", 'git update-ref refs/heads/auth "$(bad)"'),
    _by(
        GUARD,
        GUARD,
        "`fast-import`",
        "printf 'commit refs/heads/auth\\ncommitter A <a> 1 +0000\\ndata 1\\nx\\nfrom refs/heads/auth^0\\nM 100644 inline lib/b.py\\ndata 1\\nx\\n' | git fast-import --quiet --force",
    ),
    _by(GUARD, KERNEL, "`reset --hard` to a commit made apart", 'git reset -q --hard "$(bad)"'),
    _by(GUARD, GUARD, "`fetch .`", 'git fetch -q --update-head-ok . "+$(bad):refs/heads/auth"'),
    _by(GUARD, GUARD, "`push .`", 'git checkout -q --detach; git push -q . "+$(bad):refs/heads/auth"'),
    _by(GUARD, KERNEL, "cherry-pick", "git cherry-pick foreign"),
    _by(GUARD, KERNEL, "revert what the base did", "git revert --no-edit HEAD"),
    _by(
        GUARD,
        KERNEL,
        "`rebase --exec`",
        "echo x >app/x; commit; git rebase -q --exec 'echo x >>lib/b.py; git commit -qanm x' HEAD~1",
    ),
    _by(GUARD, KERNEL, "rebase onto a foreign branch", "echo x >app/x; commit; git rebase -q foreign"),
    _by(GUARD, KERNEL, "`am`", "git format-patch -1 foreign --stdout | git am -q"),
    _by(
        GUARD,
        GUARD,
        "two commits that undo each other",
        "git checkout -q -b t; spoil; commit; git revert --no-edit HEAD; git branch -f auth t; git update-ref refs/heads/auth t",
    ),
    _by(
        GUARD,
        GUARD,
        "a history without the base",
        "git checkout -q --orphan o; git rm -rqf .; echo x >x; mkdir app; mv x app; commit; git update-ref refs/heads/auth HEAD",
    ),
    # --- merges
    _by(GUARD, KERNEL, "merge a foreign branch", "git merge -q --no-edit foreign"),
    _by(GUARD, KERNEL, "octopus", "git merge -q --no-edit foreign foreign2"),
    _by(GUARD, GUARD, "`merge -s ours` of the base", "echo x >app/x; commit; git merge -q -s ours --no-edit main"),
    _by(
        GUARD,
        KERNEL,
        "merge of a base that orchestra has not seen",
        "echo x >app/x; commit; git merge -q --no-edit main",
    ),
    _by(
        GUARD,
        GUARD,
        "smuggle something into a merge",
        "echo x >app/x; commit; git merge -q --no-commit --no-ff main; spoil; commit",
    ),
    _by(
        GUARD,
        GUARD,
        "smuggle something into a merge with a conflict",
        "echo mine >app/a.py; commit; git merge -q main; echo both >app/a.py; spoil; commit",
    ),
    _by(
        GUARD,
        PRIVATE,
        "criss-cross",
        "echo x >app/x; commit; git checkout -q --detach; git merge -q --no-edit foreign; git branch n; git checkout -q -b t foreign; git merge -q --no-edit auth; git merge -q --no-edit n; git checkout -q auth; git merge -q --ff-only t",
    ),
    # --- round the hooks
    _by(
        CHECK,
        IMPORT,
        "detach, then `branch -C`",
        "git checkout -q -b t; spoil; commit; git checkout -q --detach; git branch -C t auth",
        ONCE,
    ),
    _by(
        GUARD,
        GUARD,
        "detach, then `branch -M`",
        "git checkout -q -b t; spoil; commit; git checkout -q --detach; git branch -M t auth",
    ),
    _by(
        CHECK,
        IMPORT,
        "`symbolic-ref` of the branch to another",
        "git checkout -q -b t; spoil; commit; git symbolic-ref refs/heads/auth refs/heads/t",
        ONCE,
    ),
    _by(CHECK, IMPORT, "`update-ref` in the main worktree", 'git -C "$MAIN" update-ref refs/heads/auth "$(bad)"', ONCE),
    _by(GUARD, KERNEL, "`update-ref` in another guarded tree", 'git -C "$OTHER" update-ref refs/heads/auth "$(bad)"'),
    _by(CHECK, IMPORT, "write the ref's file", 'b=$(bad); echo "$b" >"$MAIN/.git/refs/heads/auth"', ONCE),
    _by(CHECK, IMPORT, "`-c core.hooksPath=`", "spoil; stage; git -c core.hooksPath=/dev/null commit -qm x", ONCE),
    _by(
        CHECK,
        IMPORT,
        "`GIT_CONFIG_COUNT`",
        "spoil; stage; GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=/dev/null git commit -qm x",
        ONCE,
    ),
    _by(
        GUARD,
        GUARD,
        "`GIT_LITERAL_PATHSPECS`",
        "mkdir app/vendor; echo x >app/vendor/x; export GIT_LITERAL_PATHSPECS=1; commit",
    ),
    _by(GUARD, KERNEL, "`GIT_ICASE_PATHSPECS`", "mkdir APP; echo x >APP/x; export GIT_ICASE_PATHSPECS=1; commit"),
    _by(GUARD, GUARD, "a replace ref", 'b=$(bad); git replace "$b" HEAD; git update-ref refs/heads/auth "$b"'),
    _by(GUARD, GUARD, "a graft", 'b=$(bad); echo "$b" >"$MAIN/.git/info/grafts"; git update-ref refs/heads/auth "$b"'),
    _by(
        CHECK, GUARD, "edit the hook", """printf '#!/bin/sh\\n' >"$home/orchestra-guard/guard"; spoil; commit""", BYPASS
    ),
    _by(
        CHECK,
        GUARD,
        "edit the rule",
        """echo 'outside() { :; }' >>"$home/orchestra-guard/rule"; spoil; commit""",
        BYPASS,
    ),
    _by(GUARD, GUARD, "delete the rule", 'rm "$home/orchestra-guard/rule"; spoil; commit'),
    _by(CHECK, IMPORT, "edit the configuration", "git config --worktree --unset core.hooksPath; spoil; commit", BYPASS),
    _by(GUARD, GUARD, "delete the mark", 'rm "$home/orchestra.json"; spoil; commit'),
    _by(GUARD, KERNEL, "edit the manifest of the branch", "sed -i 's/modify: app/modify: lib/' orchestra.yaml; commit"),
    _by(
        GUARD,
        GUARD,
        "edit the manifest in the main worktree",
        """sed -i 's/modify: app/modify: lib/' "$MAIN/orchestra.yaml"; spoil; commit""",
    ),
    # --- what is others'
    _by(
        GUARD, PRIVATE, "move the base first", 'b=$(bad); git update-ref refs/heads/main "$b"; git reset -q --hard "$b"'
    ),
    _by(
        GUARD,
        PRIVATE,
        "move the remote's base first",
        'b=$(bad); git update-ref refs/remotes/origin/main "$b"; git reset -q --hard "$b"',
    ),
    _by(GUARD, PRIVATE, "the shared stash", "spoil; git stash -q"),
    _by(
        GUARD,
        PRIVATE,
        "delete an archive, and put another in its place",
        "git update-ref -d refs/orchestra/archive/x/y; git update-ref refs/orchestra/archive/x/y HEAD",
    ),
    _by(GUARD, GUARD, "delete the branch", "git update-ref -d refs/heads/auth"),
    _by(GUARD, GUARD, "a subprocess", "spoil; stage; env sh -c 'git commit -qnm x'"),
    _by(GUARD, GUARD, "a process in the background", "(spoil; commit) & wait"),
    _by(GUARD, GUARD, "push a commit that no branch has", 'git push -q "$REMOTE" "$(bad):refs/heads/x"'),
    _by(
        NOTHING,
        KERNEL,
        "push it with `--no-verify`",
        'git push -q --no-verify "$REMOTE" "$(bad):refs/heads/x"',
        "a server refuses it by `orchestra check --pre-receive`, if it judges that name",
    ),
    _by(
        NOTHING,
        PRIVATE,
        "commit to a branch of one's own",
        "git checkout -q -b t; spoil; commit --no-verify",
        "a branch that is nobody's; `check: {governed: …}` refuses it, and pushing it is refused",
    ),
)
