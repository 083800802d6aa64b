"""Attempts to get out of a sandbox: what a shell in it tries, and whether anything outside shows it.

Each is a shell script that runs at the top of the tree, with what it may need in its environment: `MAIN` the main
worktree, `GIT` the common git directory, `ADMIN` the tree's own, `OTHER` another tree, `OUT` a directory of the user's,
`SOCKET` a socket outside. What it could do is judged by the bytes outside, never by what it says.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt.

    Attributes:
        name: what is tried.
        script: how.
        imports: whether something of it is to be committed, so that the import is what refuses it.
    """

    name: str
    script: str
    imports: bool = False


_COMMIT = "git commit -qm attempt"
# fmt: off
ATTEMPTS = (
    # --- files ---
    Attempt("an absolute path", "echo no > $MAIN/top.txt; echo no > $OUT/new"),
    Attempt("a subprocess", "python3 -c \"open('$MAIN/top.txt', 'w').write('no')\""),
    Attempt("a path with dots", "echo no > packages/auth/../../top.txt"),
    Attempt("another tree", "echo no > $OTHER/packages/ui/page.js; rm -rf $OTHER/docs"),
    Attempt("what is denied", "echo no > packages/auth/vendor/lib.py; rm -rf packages/auth/vendor"),
    Attempt("moving what is denied away", "mv packages/auth/vendor v; mv packages/auth/vendor packages/auth/v"),
    Attempt("moving the area away", "mv packages/auth packages/a; mv packages p; mkdir packages"),
    Attempt("deleting", "rm -rf top.txt packages/ui $OUT/file"),
    Attempt("a mode", "chmod 777 top.txt $OUT/file"),
    Attempt("a time", "touch -d 2001-01-01 top.txt $OUT/file"),
    Attempt("a link out", "ln -s $OUT packages/auth/out; echo no > packages/auth/out/file"),
    Attempt("a directory replaced by a link", "mkdir node_modules/x; rmdir node_modules/x; ln -s $OUT node_modules/x; touch node_modules/x/no"),
    Attempt("a hard link", "ln top.txt packages/auth/hard; echo no > packages/auth/hard; ln $OUT/file packages/auth/h; echo no > packages/auth/h"),
    Attempt("a rename out", "mv packages/auth/session.py packages/ui/; mv packages/auth/session.py $OUT/"),
    Attempt("a rename in", "mv top.txt packages/auth/; mv $OUT/file packages/auth/"),
    Attempt("a file beside in an open directory", "echo no > docs/logo.svg; rm docs/logo.svg; mv docs/logo.svg docs/x"),
    Attempt("the manifest", "echo 'worktrees: {auth: {modify: \"**\"}}' > $MAIN/orchestra.yaml; rm $MAIN/orchestra.yaml"),
    # --- mounts and the kernel ---
    Attempt("unmounting", "umount $PWD/packages/auth/vendor; umount -l $PWD/.git; umount -l /; umount $GIT"),
    Attempt("mounting anew", "mount -o remount,rw /; mount -o remount,rw,bind /; mount --bind $OUT packages/auth; mount -t tmpfs x $OUT"),
    Attempt("a namespace of its own", "unshare -rm sh -c 'mount -o remount,rw,bind /; umount -l /; echo no > $OUT/file; echo no > $MAIN/top.txt'"),
    Attempt("/proc/sys", "echo x > /proc/sys/kernel/core_pattern; echo 3 > /proc/sys/vm/drop_caches; echo hacked > /proc/sys/kernel/hostname"),
    Attempt("a device", "mknod packages/auth/disk b 8 0; mknod /tmp/mem c 1 1; cat packages/auth/disk"),
    Attempt("another root", "chroot / sh -c 'echo no > $OUT/file'; chroot /proc/1/root sh -c 'echo no > $OUT/file'"),
    Attempt("the root of the first process", "echo no > /proc/1/root$OUT/file; echo no > /proc/self/root$OUT/file; ls /proc/*/cwd/ > /dev/null; for p in /proc/[0-9]*; do echo no > $p/root$OUT/file; done"),
    Attempt("a debugger", 'python3 -c "import ctypes; print(ctypes.CDLL(None).ptrace(16, 1, 0, 0))"; kill -9 $PPID; kill -9 -1'),
    Attempt("a process outside", "kill -9 $OUTSIDE; kill -TERM $OUTSIDE"),
    # --- git ---
    Attempt("the configuration", "git config core.hooksPath /tmp; git config --worktree core.hooksPath /tmp; echo '[core]' >> $GIT/config; mv $GIT/config $GIT/c"),
    Attempt("a hook", "echo 'touch $OUT/ran' > $GIT/hooks/post-checkout; chmod +x $GIT/hooks/post-checkout; rm -rf $GIT/hooks"),
    Attempt("the mark", "echo '{}' > $ADMIN/orchestra.json; rm $ADMIN/orchestra.json; mv $ADMIN $ADMIN.away"),
    Attempt("where the tree belongs", "echo 'gitdir: /tmp' > .git; rm .git; mv .git g; echo no > $ADMIN/commondir; echo no > $ADMIN/gitdir"),
    Attempt("HEAD", "git symbolic-ref HEAD refs/heads/ui; echo no > $GIT/HEAD; git checkout -q --detach"),
    Attempt("the branch of another", "git branch -f ui HEAD~0; git update-ref refs/heads/ui HEAD; git branch -D ui; git branch -M ui x; rm -rf $GIT/refs/heads"),
    Attempt("the base", "git update-ref refs/heads/main $(git commit-tree -m no HEAD^{tree}); git pack-refs --all; git branch -D main"),
    Attempt("tags and archives", "git tag no; git update-ref refs/orchestra/archive/x/y HEAD; git for-each-ref --format='delete %(refname)' | git update-ref --stdin"),
    Attempt("objects", "chmod -R u+w $GIT/objects; rm -rf $GIT/objects/*; rm -rf $GIT/borrowed/*; git gc -q --prune=now; git prune; git repack -adq"),
    Attempt("the whole git directory", "rm -rf $GIT/* $GIT/.??*"),
    Attempt("other trees' git", "git -C $OTHER checkout -q --detach; git -C $OTHER commit -q --allow-empty -m no; git worktree remove --force $OTHER; git worktree prune"),
    Attempt("the stash of all", "git stash -q; git stash clear; echo x > packages/auth/s; git stash -qu"),
    Attempt("variables of git", "GIT_DIR=$MAIN/.git git branch no; GIT_WORK_TREE=$MAIN git checkout -qf; GIT_OBJECT_DIRECTORY=$OUT git hash-object -w top.txt; GIT_TRACE=$OUT/trace git status"),
    # --- commits ---
    Attempt("a commit beside the area", f"echo no > docs/note.txt; git add docs; {_COMMIT}", imports=True),
    Attempt("a commit without its file", "b=$(echo no | git hash-object -w --stdin); git update-index --cacheinfo 100644,$b,top.txt; " + _COMMIT, imports=True),
    Attempt("a commit made by hand", "b=$(echo no | git hash-object -w --stdin); t=$(printf '100644 blob %s\\ttop.txt\\n' $b | git mktree); git update-ref refs/heads/auth $(git commit-tree -p HEAD -m no $t)", imports=True),
    Attempt("fast-import", "printf 'commit refs/heads/auth\\ncommitter a <a@b> 0 +0000\\ndata 2\\nno\\nfrom refs/heads/auth^0\\nM 100644 inline top.txt\\ndata 2\\nno\\n' | git fast-import --quiet --force", imports=True),
    Attempt("a commit and its revert", "echo no > docs/a.txt; git add docs; git commit -qm no; git revert --no-edit HEAD", imports=True),
    Attempt("no verification", f"echo no > docs/a.txt; git add -f docs; {_COMMIT} --no-verify; git -c core.hooksPath=/dev/null commit -q --amend --no-edit", imports=True),
    Attempt("a foreign history", "git checkout -q --orphan o; git rm -rqf --cached .; git commit -q --allow-empty -m no; git branch -f auth HEAD", imports=True),
    Attempt("merging over the base", "git update-ref refs/heads/main $(git commit-tree -p HEAD -m no $(git mktree < /dev/null)); git merge -q main", imports=True),
    Attempt("a submodule", "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),packages/auth/sub; " + _COMMIT, imports=True),
    Attempt("an embedded repository", 'git init -q packages/auth/sub; cd packages/auth/sub; git commit -q --allow-empty -m x; git config core.fsmonitor "touch $OUT/ran"; cd ..; git add sub; ' + _COMMIT, imports=True),
    Attempt("a name of git's own", "b=$(echo no | git hash-object -w --stdin); t=$(printf '100644 blob %s\\t.git\\n' $b | git mktree); git update-ref refs/heads/auth $(git commit-tree -p HEAD -m no $t)", imports=True),
    # --- other programs ---
    Attempt("a socket", "python3 -c \"import socket; s = socket.socket(socket.AF_UNIX); s.connect('$SOCKET'); s.send(b'no')\""),
    Attempt("tmux", 'tmux -S $TMUX_SOCKET run-shell "touch $OUT/ran"; tmux -L default run-shell "touch $OUT/ran"'),
    Attempt("Docker", "docker -H unix:///run/docker.sock ps; curl -s --unix-socket /var/run/docker.sock http://x/ > $OUT/docker; ls /run/docker.sock && touch packages/auth/../../no"),
    Attempt("a daemon that outlives", "(setsid nohup sh -c 'sleep 1; echo no > $OUT/late; echo no > packages/auth/late' > /dev/null 2>&1 &)"),
    Attempt("the user's startup files", "echo 'touch $OUT/ran' >> ~/.bashrc; echo no >> $USER_HOME/.bashrc; echo no >> $USER_HOME/.gitconfig"),
    Attempt("shared memory and temporary files", "echo no > /tmp/orchestra-no; echo no > /dev/shm/orchestra-no; echo no > /var/tmp/orchestra-no"),
)
# fmt: on
