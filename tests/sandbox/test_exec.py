from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.support.sandboxed import ROUND_THE_GUARD
from tests.support.users import words_as


def test_a_command_writes_in_its_area_and_nowhere_else(shop):
    """Files of the area, new and old, are written; what is denied, and what is beside it, is not."""
    done = shop.exec(
        "for f in packages/auth/new.py packages/auth/session.py docs/index.md docs/new.md; do echo 1 > $f; done;"
        "for f in top.txt new.txt packages/ui/page.js packages/new docs/logo.svg packages/auth/vendor/lib.py .git; do"
        " (echo no > $f) 2>/dev/null && echo wrote $f; done; mkdir node_modules/x && echo scratch"
    ).expect(0)
    assert done.out == "scratch\n"
    assert shop.git("status", "--porcelain", "-uall", cwd=shop.tree()).splitlines() == [
        *(" M docs/index.md", " M packages/auth/session.py"),
        *("?? docs/new.md", "?? packages/auth/new.py"),
    ]


def test_what_was_installed_works_and_can_be_written_as_scratch_says(own):
    """A virtual environment deep in the tree: its Python runs, and it and caches beside it are written."""
    (own.main / "tools").mkdir()
    (own.main / "tools/requirements.txt").touch()
    own.git("add", "--all")
    own.git("commit", "--quiet", "--message", "tools")
    body = '{modify: packages/auth, dependencies: {pip: {project: tools}}, scratch: ["**/.venv", tools/.cache/]}'
    (own.main / "orchestra.yaml").write_text(f"worktrees: {{installed: {body}}}\n")
    own.orchestra("apply", "--auto-approve").expect(0)
    script = (
        "cd tools && .venv/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)' && echo 1 > .venv/more"
        " && echo 1 > .cache/one && echo 1 > beside"
    )
    done = own.exec(script, name="installed")
    assert done.out == "True\n"
    assert "cannot create beside: Read-only file system" in done.err
    tools = own.tree("installed") / "tools"
    assert ((tools / ".venv/more").exists(), (tools / ".cache/one").exists()) == (True, True)


def test_what_ends_the_command_is_told(shop):
    """Its exit status, and as shells do it the signal that ended it; 127 for one that is not there."""
    assert shop.exec("exit 7").code == 7
    assert shop.exec("kill -TERM $$").code == 128 + signal.SIGTERM
    missing = shop.orchestra("exec", "ui", "--", "no-such-program", "--json", "--help")
    assert (missing.code, missing.err) == (127, "orchestra: cannot run no-such-program: No such file or directory\n")


@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock"])
def test_a_word_may_be_as_long_as_the_kernel_takes(own, sandbox):
    """Whatever is in it."""
    word = "\u00e9" * 65_000 + "\udcff"
    done = own.orchestra("exec", "--sandbox", sandbox, "auth", "--", "sh", "-c", 'printf %s "$1"', "sh", word).expect(0)
    assert done.out == word


def test_git_works_inside_and_goes_nowhere(shop):
    """Commit, amend, rebase, stash, branch, tag and gc work, on copies."""
    before = shop.git("for-each-ref")
    shop.exec(
        "set -e; cd packages/auth; echo 1 > new.py; git add .; git commit -qm one; git commit -q --amend -m two;"
        "echo 2 > more.py; git add .; git stash -q; git stash pop -q; git commit -qm three;"
        "git rebase -q --force-rebase HEAD~1; git branch -q other; git tag t; git branch -f ui HEAD; git gc -q;"
        "git pack-refs --all; test $(git rev-list --count main..) = 2; git fsck --strict"
    ).expect(0)
    after = [line for line in shop.git("for-each-ref").splitlines() if not line.endswith("refs/heads/auth")]
    assert after == [line for line in before.splitlines() if not line.endswith("refs/heads/auth")]
    assert shop.git("fsck", "--strict", "--no-dangling") == ""


def test_what_git_keeps_for_itself_is_there_at_the_next_command(shop):
    """The stash, another branch and the index stay from one command to the next."""
    shop.exec(
        "set -e; cd packages/auth; echo 1 > s.py; git add .; git stash -q; git branch mine; git pack-refs --all;"
        "echo 2 > i.py; git add i.py"
    ).expect(0)
    done = shop.exec("git stash list | wc -l; git rev-parse --verify -q mine >/dev/null && echo mine; git status -s")
    assert done.out.split("\n")[:3] == ["1", "mine", "A  packages/auth/i.py"]


def test_what_a_command_started_ends_with_it(shop):
    """A daemon that left its session is gone when the command is."""
    shop.exec("(setsid sh -c 'while :; do echo x >> packages/auth/alive; sleep 0.02; done' &) ; sleep 0.1").expect(0)
    file = shop.tree() / "packages/auth/alive"
    size = file.stat().st_size
    time.sleep(0.2)
    assert file.stat().st_size == size > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_is_passed_on(own, number):
    """The command gets it, and decides."""
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo got; exit 3' {name}; echo ready; while :; do sleep 0.05; done"
    with _started(own, script) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert (process.stdout.read(), process.wait()) == ("got\n", 3)


def test_all_ends_with_a_killed_orchestra(own):
    """Nothing in the sandbox goes on, however hard orchestra ends; the next command can run."""
    with _started(own, "setsid sh -c 'while :; do echo x >> packages/auth/alive; sleep 0.02; done'") as process:
        file = own.tree() / "packages/auth/alive"
        _wait_for(file.exists)
        process.kill()
        process.wait()
        _wait_for(lambda: own.exec("exit 0").code == 0)
    size = file.stat().st_size
    time.sleep(0.2)
    assert file.stat().st_size == size


def test_one_command_at_a_time(own):
    """A second one in the same sandbox is refused, one in another is not."""
    with _started(own, "echo ready; cat") as process:
        assert process.stdout.readline() == "ready\n"
        assert "a command is running in the sandbox of auth" in own.exec("exit 0").expect(7).err
        own.exec("exit 0", name="ui").expect(0)
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock", "none"])
def test_a_command_has_nothing_of_ours_in_its_hands(own, sandbox):
    """The lock above all: who has it can let it go, and whoever comes next would not know of the command."""
    done = own.exec("readlink /proc/$$/fd/*; true", "--sandbox", sandbox).expect(0)
    held = [line for line in done.out.splitlines() if not line.startswith(("pipe:", "/dev/null"))]
    assert len(done.out.splitlines()) == 3
    assert held == []


def test_the_environment_is_a_list(own):
    """What redirects git, and sockets of others, is not passed; what is asked for is."""
    given = {"GIT_DIR": "/nowhere", "TMUX": "/x,1,0", "AWS_SECRET_ACCESS_KEY": "s", "MINE": "a b"}
    given |= {"LC_TIME": "C", "RUSTUP_HOME": "/r"}
    done = own.exec("env", "--env", "MINE", "--env", "OTHER=1=2", env=given).expect(0)
    names = {line.partition("=")[0] for line in done.out.splitlines()}
    assert not names & {"GIT_DIR", "TMUX", "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "PYTHONPATH"}
    assert {"PATH", "HOME", "LC_TIME", "RUSTUP_HOME", "ORCHESTRA_WORKSPACE"} <= names
    assert {"MINE=a b", "OTHER=1=2"} <= set(done.out.splitlines())


def test_a_private_home_shows_the_users_and_keeps_what_is_written(shop):
    """What the user has can be read there and not written; what replaces it, and caches, is the workspace's."""
    home = shop.directory / "home"
    (home / ".agent.json").write_text("{}")
    (home / ".tool").mkdir()
    done = shop.exec(
        "cat ~/.agent.json; echo; echo 1 > ~/.agent.json || echo ro; (echo 1 > ~/.tool/x) || echo ro;"
        "echo new > ~/t; mv ~/t ~/.agent.json; echo c > ~/.cache/c; ls ~/.claude"
    )
    assert done.out == "{}\nro\nro\n"
    assert (home / ".agent.json").read_text() == "{}"
    assert shop.exec("cat ~/.agent.json ~/.cache/c").out == "new\nc\n"


def test_a_home_can_be_the_users_or_a_directory(own, tmp_path):
    """Either can be written then; a directory that is named beside can, too."""
    own.exec("echo 1 > ~/written", "--home", "user").expect(0)
    assert (own.directory / "home" / "written").read_text() == "1\n"
    (own.directory / "login").mkdir()
    user = own.environment["HOME"]
    script = f"test $HOME = {own.directory}/login && echo 1 > ~/x && ! touch {user}/no"
    own.exec(script, "--home", str(own.directory / "login")).expect(0)
    own.exec(f"echo 1 > {own.directory}/login/y", "--write", str(own.directory / "login")).expect(0)
    assert (own.directory / "login/x").exists()
    assert (own.directory / "login/y").exists()


def test_a_home_that_holds_the_repository_opens_nothing_of_it(own):
    """With the user's home writable, trees, manifest, git directory and archives in it stay closed."""
    home = {"HOME": str(own.directory), "XDG_STATE_HOME": str(own.directory / "state")}
    (own.directory / "state/orchestra").mkdir(parents=True)
    places = (own.main / "orchestra.yaml", own.main / "x", own.tree() / "x", own.tree("ui") / "x")
    places = (*places, own.directory / "state/orchestra/x", own.tree() / "packages/ui/x")
    tries = "; ".join(f"(echo no > {place}) 2>/dev/null && echo wrote {place}" for place in places)
    mine = f"echo 1 > ~/mine; echo 1 > packages/auth/new; echo no > {own.main}/.git/x"
    done = own.exec(f"{tries}; {mine}", "--home", "user", env=home)
    assert (done.code, done.out) == (0, "")
    assert (own.directory / "mine").exists()
    assert (own.tree() / "packages/auth/new").exists()
    assert not (own.main / ".git/x").exists()


@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock"])
@pytest.mark.parametrize(
    ("home", "said"),
    [
        pytest.param(None, "you have no home", id="none"),
        pytest.param("", "you have no home", id="empty"),
        pytest.param("home", "you have no home", id="relative"),
        pytest.param("/", "holds", id="everything"),
        pytest.param("/etc/../usr", "holds", id="programs"),
        pytest.param("{own}/link", "holds", id="everything by a link"),
        pytest.param("{own}/none", "is no directory", id="not there"),
        pytest.param("{own}/shop/docs", "is part of", id="in the repository"),
        pytest.param("{own}/shop/.git/hooks", "is part of", id="in the git directory"),
    ],
)
def test_a_home_that_is_the_disk_is_not_opened(own, sandbox, home, said):
    """Neither as the user's home nor by its name; nothing runs."""
    (own.directory / "link").symlink_to("/")
    place = None if home is None else home.replace("{own}", str(own.directory))
    words = ["-u", "HOME"] if place is None else [f"HOME={place}"]
    command = (*own.program, "exec", "--sandbox", sandbox, "--home", "user", "auth", "--", "touch", "packages/auth/ran")
    assert said in own.run("env", *words, *command).expect(3).err
    assert not (own.tree() / "packages/auth/ran").exists()


def test_a_writable_home_keeps_what_starts_the_command(own):
    """The Python of orchestra, where it lies in there, runs outside the next time."""
    python = own.directory / "home/python"
    made = subprocess.run([sys.executable, "-m", "venv", "--without-pip", python], check=False)
    assert made.returncode == 0
    packages = next((python / "lib").glob("python*/site-packages"))
    (packages / "ours.pth").write_text("\n".join(path for path in sys.path if path.endswith("-packages")))
    words = ("exec", "--home", "user", "auth", "--", "sh", "-c", "touch ~/mine; touch ~/python/x")
    done = own.run(str(python / "bin/python"), "-m", "reconciler", *words)
    assert ("Read-only" in done.err, (python / "x").exists()) == (True, False)
    assert (own.directory / "home/mine").exists()


def test_a_refusal_is_told_once(own):
    """However often it was tried while the command ran."""
    script = "echo no > docs/new.svg; git add .; git commit -qm no; sleep 7"
    done = own.exec(script, *ROUND_THE_GUARD).expect(0)
    assert done.err.count("not imported: ") == 1


def test_what_was_made_to_be_open_and_stayed_empty_goes(own):
    """A missing directory of the area is made for the command; unused, it goes again."""
    assert not (own.tree() / "node_modules").exists()
    own.exec("test -d node_modules").expect(0)
    assert not (own.tree() / "node_modules").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["exec", "auth"], 3, "no command was given", id="no command"),
        pytest.param(["exec", "auht", "--", "true"], 3, "did you mean `auth`?", id="no such workspace"),
        pytest.param(["exec", "auth", "--write", "/", "--", "true"], 3, "holds the repository", id="everything"),
        pytest.param(["exec", "auth", "--write", ".git", "--", "true"], 3, "is part of it", id="the repository"),
        pytest.param(["exec", "auth", "--home", "no/such", "--", "true"], 3, "is no directory", id="no such home"),
    ],
)
def test_a_mistake_is_told(own, words, code, said):
    """In a sentence, with a way out."""
    assert said in own.orchestra(*words).expect(code).err


def test_without_bubblewrap_nothing_runs(own, tmp_path):
    """It is refused, with what is missing; also where bwrap is there and cannot work."""
    for name in ("git", "sh", "touch"):
        (tmp_path / name).symlink_to(shutil.which(name))
    ran = "touch packages/auth/ran"
    done = own.exec(ran, "--sandbox", "bubblewrap", env={"PATH": str(tmp_path)}).expect(1)
    assert "there can be no sandbox: bwrap is not installed" in done.err
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    done = own.exec(ran, "--sandbox", "bubblewrap", env={"PATH": str(tmp_path)}).expect(1)
    assert "(bwrap: No permissions to create new namespace)" in done.err
    assert not (own.tree() / "packages/auth/ran").exists()


_FAILS = """#!/bin/sh
echo x >> {counted}
number=$(wc -l < {counted})
case " {failing} " in *" $number "*)
    echo "bwrap: Can't bind mount /oldroot/ on /newroot/: Unable to apply mount flags: remount '/x': No such file" >&2
    exit 1 ;;
esac
exec {bwrap} "$@"
"""


@pytest.mark.parametrize(
    ("failing", "starts"),
    [
        pytest.param("1 2", 4, id="when it is tried out"),
        pytest.param("2 3", 4, id="when the command is to start"),
        pytest.param("", 2, id="never"),
    ],
)
def test_a_mount_that_went_meanwhile_is_tried_again(own, tmp_path, failing, starts):
    """Where containers come and go, bwrap fails in passing: the command runs once, with nothing of it on its stderr."""
    counted = tmp_path / "counted"
    counted.touch()
    script = _FAILS.format(counted=counted, failing=failing, bwrap=shutil.which("bwrap"))
    (tmp_path / "bwrap").write_text(script)
    (tmp_path / "bwrap").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = own.exec("echo ran >> packages/auth/ran; echo said >&2; exit 1", env={"PATH": path})
    assert (done.code, "said\n" in done.err, "mount" in done.err) == (1, True, False)
    assert (own.tree() / "packages/auth/ran").read_text() == "ran\n"
    assert counted.read_text().count("x") == starts


def test_what_keeps_failing_is_told(own, tmp_path):
    """After some attempts it is an error, and nothing was run."""
    numbers = " ".join(map(str, range(2, 100)))
    script = _FAILS.format(counted=tmp_path / "counted", failing=numbers, bwrap=shutil.which("bwrap"))
    (tmp_path / "bwrap").write_text(script)
    (tmp_path / "bwrap").chmod(0o755)
    done = own.exec("touch packages/auth/ran", env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}).expect(1)
    assert "the command was not started: bwrap: Can't bind mount" in done.err
    assert not (own.tree() / "packages/auth/ran").exists()


def test_refs_in_a_reftable_are_refused(own):
    """A copy of one stack of all refs cannot be told apart by branches."""
    own.git("config", "extensions.refStorage", "reftable")
    assert "refs of this repository are kept as reftable" in own.exec("true").err


@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock"])
def test_a_terminal_is_the_commands(own, sandbox):
    """Ctrl-C reaches the command alone, which may go on; it cannot type into the terminal."""
    typing = "import fcntl,termios,sys\ntry: fcntl.ioctl(0, termios.TIOCSTI, b'x')\nexcept OSError as e: print(e.errno)"
    script = f"trap 'echo caught' INT; python3 -c \"{typing}\"; echo begun; sleep 5; echo after; exit 4"
    ours, theirs = pty.openpty()
    words = [*own.program, "exec", "--sandbox", sandbox, "auth", "--", "sh", "-c", script]
    at_it = ["setsid", "--ctty", "--wait", *words]
    with subprocess.Popen(
        at_it, cwd=own.main, env=own.environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        said = _read_until(ours, b"begun")
        os.write(ours, b"\x03")
        said += _read_until(ours, b"after")
        assert process.wait() == 4
        os.close(ours)
    assert b"1\r\n" in said
    assert b"caught" in said


def _read_until(terminal: int, text: bytes) -> bytes:
    said = b""
    while text not in said:
        said += os.read(terminal, 4096)
    return said


def _started(shop, script: str) -> subprocess.Popen[str]:
    words = words_as(shop.user, [*shop.program, "exec", "auth", "--", "sh", "-c", script])
    return subprocess.Popen(
        words,
        cwd=shop.main,
        env=shop.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _wait_for(condition) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
