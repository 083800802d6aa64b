"""Attempts to get out of a sandbox: what a shell in it tries, and whether anything outside shows it.

Each is a shell script that runs at the top of the tree, with what it may need in its environment: `MAIN` the main
worktree, `GIT` the common git directory, `ADMIN` the tree's own, `OTHER` another tree, `OUT` a directory of the user's,
`SOCKET` a socket outside. What it could do is judged by the bytes outside, never by what it says.
"""

from __future__ import annotations

from tests.escapes.attempt import GUARD, GUARDED, IMPORT, KERNEL, NOTHING, PRIVATE, SANDBOXED, UNTRIED, Attempt


def _by(guarded: str, sandboxed: str, name: str, script: str, remains: str = "") -> Attempt:
    return Attempt(name, script, {GUARDED: guarded, SANDBOXED: sandboxed}, remains)


_COMMIT = "git commit -qm attempt"
# fmt: off
ATTEMPTS = (
    # --- files ---
    _by(NOTHING, KERNEL, "a write by Python", "python3 -c \"open('$MAIN/top.txt', 'w').write('no')\""),
    _by(NOTHING, KERNEL, "a path with dots", "echo no > packages/auth/../../top.txt"),
    _by(NOTHING, KERNEL, "another tree", "echo no > $OTHER/packages/ui/page.js; rm -rf $OTHER/docs"),
    _by(NOTHING, KERNEL, "what is denied", "echo no > packages/auth/vendor/lib.py; rm -rf packages/auth/vendor"),
    _by(NOTHING, KERNEL, "moving what is denied away", "mv packages/auth/vendor v; mv packages/auth/vendor packages/auth/v"),
    _by(NOTHING, KERNEL, "moving the area away", "mv packages/auth packages/a; mv packages p; mkdir packages"),
    _by(NOTHING, KERNEL, "deleting", "rm -rf top.txt packages/ui $OUT/file"),
    _by(NOTHING, KERNEL, "a mode", "chmod 777 top.txt $OUT/file"),
    _by(NOTHING, KERNEL, "a time", "touch -d 2001-01-01 top.txt $OUT/file"),
    _by(NOTHING, KERNEL, "a link out", "ln -s $OUT packages/auth/out; echo no > packages/auth/out/file"),
    _by(NOTHING, KERNEL, "a directory replaced by a link", "mkdir -p node_modules/x; rmdir node_modules/x; ln -s $OUT node_modules/x; touch node_modules/x/no"),
    _by(NOTHING, KERNEL, "a hard link", "ln top.txt packages/auth/hard; echo no > packages/auth/hard; ln $OUT/file packages/auth/h; echo no > packages/auth/h"),
    _by(NOTHING, KERNEL, "a rename out", "mv packages/auth/session.py packages/ui/; mv packages/auth/session.py $OUT/"),
    _by(NOTHING, KERNEL, "a rename in", "mv top.txt packages/auth/; mv $OUT/file packages/auth/"),
    _by(NOTHING, KERNEL, "a file beside in an open directory", "echo no > docs/logo.svg; rm docs/logo.svg; mv docs/logo.svg docs/x"),
    # --- mounts and the kernel ---
    _by(UNTRIED, KERNEL, "unmounting", "umount $PWD/packages/auth/vendor; umount -l $PWD/.git; umount -l /; umount $GIT"),
    _by(UNTRIED, KERNEL, "mounting anew", "mount -o remount,rw /; mount -o remount,rw,bind /; mount --bind $OUT packages/auth; mount -t tmpfs x $OUT"),
    _by(UNTRIED, KERNEL, "a namespace of its own", "unshare -rm sh -c 'mount -o remount,rw,bind /; umount -l /; echo no > $OUT/file; echo no > $MAIN/top.txt'"),
    _by(UNTRIED, KERNEL, "/proc/sys", "echo x > /proc/sys/kernel/core_pattern; echo 3 > /proc/sys/vm/drop_caches; echo hacked > /proc/sys/kernel/hostname"),
    _by(UNTRIED, KERNEL, "a device", "mknod packages/auth/disk b 8 0; mknod /tmp/mem c 1 1; cat packages/auth/disk"),
    _by(UNTRIED, KERNEL, "another root", "chroot / sh -c 'echo no > $OUT/file'; chroot /proc/1/root sh -c 'echo no > $OUT/file'"),
    _by(UNTRIED, KERNEL, "the root of the first process", "echo no > /proc/1/root$OUT/file; echo no > /proc/self/root$OUT/file; ls /proc/*/cwd/ > /dev/null; for p in /proc/[0-9]*; do echo no > $p/root$OUT/file; done"),
    _by(UNTRIED, KERNEL, "a debugger", 'python3 -c "import ctypes; print(ctypes.CDLL(None).ptrace(16, 1, 0, 0))"; kill -9 $PPID; kill -9 -1'),
    _by(UNTRIED, KERNEL, "a process outside", "kill -9 $OUTSIDE; kill -TERM $OUTSIDE"),
    # --- git ---
    _by(NOTHING, KERNEL, "the configuration", "git config core.hooksPath /tmp; git config --worktree core.hooksPath /tmp; echo '[core]' >> $GIT/config; mv $GIT/config $GIT/c"),
    _by(NOTHING, KERNEL, "a hook", "echo 'touch $OUT/ran' > $GIT/hooks/post-checkout; chmod +x $GIT/hooks/post-checkout; rm -rf $GIT/hooks"),
    _by(NOTHING, KERNEL, "the mark", "echo '{}' > $ADMIN/orchestra.json; rm $ADMIN/orchestra.json"),
    _by(NOTHING, IMPORT, "the directory of the mark", "mv $ADMIN $ADMIN.away", "its own copy: it is told to be spoilt"),
    _by(NOTHING, KERNEL, "where the tree belongs", "echo 'gitdir: /tmp' > .git; rm .git; mv .git g; echo no > $ADMIN/commondir; echo no > $ADMIN/gitdir"),
    _by(NOTHING, PRIVATE, "HEAD", "git symbolic-ref HEAD refs/heads/ui; echo no > $GIT/HEAD; git checkout -q --detach"),
    _by(NOTHING, PRIVATE, "the branch of another", "git branch -f ui HEAD~0; git update-ref refs/heads/ui HEAD; git branch -D ui; git branch -M ui x; rm -rf $GIT/refs/heads"),
    _by(GUARD, PRIVATE, "the base", "git update-ref refs/heads/main $(git commit-tree -m no HEAD^{tree}); git pack-refs --all; git branch -D main"),
    _by(NOTHING, IMPORT, "tags and archives", "git tag no; git update-ref refs/orchestra/archive/x/y HEAD; git for-each-ref --format='delete %(refname)' | git update-ref --stdin", "the tag: archives and branches are refused"),
    _by(UNTRIED, KERNEL, "objects", "chmod -R u+w $GIT/objects; rm -rf $GIT/objects/*; rm -rf $GIT/borrowed/*; git gc -q --prune=now; git prune; git repack -adq"),
    _by(UNTRIED, IMPORT, "the whole git directory", "rm -rf $GIT/* $GIT/.??*"),
    _by(NOTHING, KERNEL, "other trees' git", "git -C $OTHER checkout -q --detach; git -C $OTHER commit -q --allow-empty -m no; git worktree remove --force $OTHER; git worktree prune"),
    _by(NOTHING, PRIVATE, "variables of git", "GIT_DIR=$MAIN/.git git branch no; GIT_WORK_TREE=$MAIN git checkout -qf; GIT_OBJECT_DIRECTORY=$OUT git hash-object -w top.txt; GIT_TRACE=$OUT/trace git status"),
    # --- commits ---
    _by(GUARD, IMPORT, "a commit beside the area", f"echo no > docs/note.txt; git add docs; {_COMMIT}"),
    _by(NOTHING, IMPORT, "merging over the base", "git update-ref refs/heads/main $(git commit-tree -p HEAD -m no $(git mktree < /dev/null)); git merge -q main", "files of its own tree: base and commit are refused"),
    _by(GUARD, IMPORT, "a name of git's own", "b=$(echo no | git hash-object -w --stdin); t=$(printf '100644 blob %s\\t.git\\n' $b | git mktree); git update-ref refs/heads/auth $(git commit-tree -p HEAD -m no $t)"),
    # --- other programs ---
    _by(UNTRIED, KERNEL, "a socket", "python3 -c \"import socket; s = socket.socket(socket.AF_UNIX); s.connect('$SOCKET'); s.send(b'no')\""),
    _by(UNTRIED, KERNEL, "tmux", 'tmux -S $TMUX_SOCKET run-shell "touch $OUT/ran"; tmux -L default run-shell "touch $OUT/ran"'),
    _by(UNTRIED, KERNEL, "Docker", "docker -H unix:///run/docker.sock ps; curl -s --unix-socket /var/run/docker.sock http://x/ > $OUT/docker; ls /run/docker.sock && touch packages/auth/../../no"),
    _by(UNTRIED, KERNEL, "a daemon that outlives", "(setsid nohup sh -c 'sleep 1; echo no > $OUT/late; echo no > packages/auth/late' > /dev/null 2>&1 &)"),
    _by(NOTHING, KERNEL, "the user's startup files", "echo 'touch $OUT/ran' >> ~/.bashrc; echo no >> $USER_HOME/.bashrc; echo no >> $USER_HOME/.gitconfig"),
    _by(UNTRIED, KERNEL, "shared memory and temporary files", "echo no > /tmp/orchestra-no; echo no > /dev/shm/orchestra-no; echo no > /var/tmp/orchestra-no"),
)
# fmt: on
