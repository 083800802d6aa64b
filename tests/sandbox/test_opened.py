"""What a user opens beside the area, by `--home` and `--write`, and what in there stays closed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

_CONNECTS = "import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1]); print('connected')"


@pytest.mark.parametrize("options", [("--home", "user"), ("--home", "{home}"), ("--write", "{home}")])
@pytest.mark.parametrize("place", [".docker/run/docker.sock", ".docker/desktop/docker.sock", "tmux/default"])
def test_sockets_in_a_home_that_is_open_stay_hidden(own, options, place):
    """Those of desktop engines, and those that a variable names, unless it is asked for."""
    home = own.directory / "home"
    path = home / place
    path.parent.mkdir(parents=True)
    variable = "TMUX" if "tmux" in place else "DOCKER_HOST"
    value = f"{path},1,0" if "tmux" in place else f"unix://{path}"
    given = {variable: value, "XDG_STATE_HOME": str(own.directory / "state")}
    words = (*(word.format(home=home) for word in options), "auth", "--", sys.executable, "-c", _CONNECTS, str(path))
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(path))
        server.listen()
        assert "connected" not in own.orchestra("exec", *words, env=given).out
        assert own.orchestra("exec", "--env", variable, *words, env=given).out == "connected\n"


def test_a_socket_is_hidden_behind_a_link(own):
    """Where a variable names it by a link, as `/var/run` is one, it is the same socket."""
    real = own.directory / "real"
    real.mkdir()
    (own.directory / "link").symlink_to(real)
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(real / "s"))
        server.listen()
        words = ("auth", "--", sys.executable, "-c", _CONNECTS, str(real / "s"))
        given = {"DOCKER_HOST": f"unix://{own.directory}/link/s"}
        done = own.orchestra("exec", *words, env=given)
        assert (done.out, "Error" in done.err) == ("", True)


@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock", "none"])
@pytest.mark.parametrize(
    "place", ["home/.state", "home/.state/orchestra", "home/.state/orchestra/archives", "home", "shop.wt/ui", "shop.wt"]
)
def test_what_orchestra_keeps_is_not_opened_by_name(own, sandbox, place):
    """Neither archives nor the trees of others, nor what holds them; nothing runs."""
    (own.directory / "home/.state/orchestra/archives").mkdir(parents=True)
    ran = ("auth", "--", "touch", "packages/auth/ran")
    for option in ("--write", "--home"):
        if (option, place) == ("--home", "home"):
            continue  # that is the user's own, which is opened without what lies in it
        done = own.orchestra("exec", "--sandbox", sandbox, option, str(own.directory / place), *ran).expect(3)
        assert "is not made writable" in done.err
    assert not (own.tree() / "packages/auth/ran").exists()


@pytest.mark.parametrize("named", ["user", "{home}", "{home}/../home/", "{link}"])
def test_the_users_home_is_the_same_by_any_name(own, named):
    """It opens, and the archives in it stay closed, also where there are none yet."""
    home = own.directory / "home"
    (own.directory / "link").symlink_to(home)
    named = named.format(home=home, link=own.directory / "link")
    tries = "echo 1 > ~/mine; mkdir ~/.state/orchestra/x; echo no > ~/.state/orchestra/y; echo 1 > ~/.state/z"
    own.exec(tries, "--home", named)
    assert ((home / "mine").exists(), (home / ".state/z").exists()) == (True, True)
    assert list((home / ".state/orchestra").iterdir()) == []


def test_what_is_closed_is_not_moved_away(own):
    """Who could move a directory above it would put another in its place."""
    given = {"HOME": str(own.directory), "XDG_STATE_HOME": str(own.directory / "a/b/state")}
    tries = "mv ~/a ~/c; mv ~/a/b ~/a/d; mv ~/a/b/state ~/a/b/e; mv ~/shop.wt ~/f; echo 1 > ~/a/b/mine"
    own.exec(tries, "--home", "user", env=given)
    assert (own.directory / "a/b/mine").exists()
    assert (own.directory / "a/b/state/orchestra").is_dir()
    assert sorted(each.name for each in own.directory.iterdir()) == ["a", "home", "shop", "shop.wt"]


@pytest.mark.parametrize("home", ["{home}", "{link}"])
@pytest.mark.parametrize("option", ["--write", "--home"])
def test_what_is_opened_may_be_named_by_a_link(own, option, home):
    """A home of which the path is one is common."""
    (own.directory / "login").mkdir()
    (own.directory / "link").symlink_to(own.directory / "login")
    named = str(own.directory / "link")
    given = {"HOME": str(own.directory / "home")}
    if home == "{link}":
        (own.directory / "home2").symlink_to(own.directory / "home")
        given["HOME"] = str(own.directory / "home2")
    own.exec(f"echo 1 > {named}/x", option, named, env=given).expect(0)
    own.exec("echo 1 > ~/y", "--home", "user", env=given).expect(0)
    assert ((own.directory / "login/x").exists(), (own.directory / "home/y").exists()) == (True, True)


@pytest.mark.parametrize("option", ["--write", "--home"])
def test_what_starts_the_command_stays_closed_in_whatever_is_open(own, option):
    """Not in the user's home alone."""
    place = own.directory / "login"
    python = place / "python"
    made = subprocess.run([sys.executable, "-m", "venv", "--without-pip", python], check=False)
    assert made.returncode == 0
    packages = next((python / "lib").glob("python*/site-packages"))
    (packages / "ours.pth").write_text("\n".join(path for path in sys.path if path.endswith("-packages")))
    words = ("exec", option, str(place), "auth", "--", "sh", "-c", f"touch {place}/mine; touch {python}/x")
    own.run(str(python / "bin/python"), "-m", "reconciler", *words)
    assert ((place / "mine").exists(), (python / "x").exists()) == (True, False)
    held = own.run(str(python / "bin/python"), "-m", "reconciler", "exec", "--sandbox", "landlock", *words[1:])
    assert ("Landlock cannot open" in held.err, os.path.lexists(python / "x")) == (True, False)


@pytest.mark.parametrize("options", [("--home", "user"), ("--home", "{place}"), ("--write", "{place}")])
def test_what_lies_where_sockets_are_hidden_can_be_opened(own, options):
    """Of `/tmp` that alone is seen; and a socket in it is not."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="orchestra-test-") as place:
        path = f"{place}/s"
        given = {"HOME": place, "XDG_STATE_HOME": str(own.directory / "state"), "TMUX": f"{path},1,0"}
        words = [word.format(place=place) for word in options]
        with closing(socket.socket(socket.AF_UNIX)) as server:
            server.bind(path)
            server.listen()
            script = f"ls /tmp; echo 1 > {place}/x; {sys.executable} -c '{_CONNECTS}' {path}"
            done = own.exec(script, *words, env=given)
        assert done.out == f"{Path(place).name}\n"
        assert Path(place, "x").read_text() == "1\n"
