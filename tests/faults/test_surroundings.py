"""Other processes and the disk: two applies at once, a full disk, a read-only one, locks that others left, Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import Project, project

MANIFEST = {"orchestra.yaml": "worktrees: {auth: {helpers: {test: {eager: true}}}, ui: , docs: }\n", "a/b.txt": "b\n"}


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    return project(tmp_path, MANIFEST)


def _slow_hook(shop: Project, seconds: float) -> None:
    hook = shop.path / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\nsleep {seconds}\n")
    hook.chmod(0o755)


def _start(shop: Project, *words: str) -> subprocess.Popen[str]:
    return shop.start("apply", "--auto-approve", *words)


def _settled(shop: Project) -> None:
    """Everything converges, the next plan is empty, and no tree shows anything."""
    shop.apply()
    shop.run("plan", "--detailed-exitcode").expect(0)
    assert [tree for name in ("auth", "auth--test", "ui", "docs") for tree in [shop.tree(name)] if tree.status()] == []


def test_of_two_applies_one_waits(shop: Project) -> None:
    """Both end well when the second one may wait."""
    both = [_start(shop, "--lock-timeout", "60") for _ in range(2)]

    assert [(each.communicate(), each.returncode)[1] for each in both] == [0, 0]
    _settled(shop)


def test_four_applies_at_once(tmp_path: Path) -> None:
    """Six worktrees with helpers are made once: each apply ends well or says what moved, and nothing is left to do."""
    trees = "".join(f"  w{n}: {{helpers: {{a: {{eager: true}}, b: }}}}\n" for n in range(6))
    files = {f"{directory}/{n}.txt": "x\n" * 50 for directory in "abc" for n in range(60)}
    shop = project(tmp_path, {**files, "orchestra.yaml": f"worktrees:\n{trees}"})

    running = [_start(shop, "--lock-timeout", "60") for _ in range(4)]

    ended = [(each.communicate(), each.returncode) for each in running]
    assert {code for _, code in ended} <= {0, 5}, ended
    assert 0 in {code for _, code in ended}, ended
    assert not [text for texts, _ in ended for text in texts if "Traceback" in text or "bug in orchestra" in text]
    shop.run("plan", "--detailed-exitcode").expect(0)
    assert len(shop.repository.worktrees()) == 13


def test_of_two_applies_one_is_refused(shop: Project) -> None:
    """It is told who holds the lock, and nothing of it is done."""
    _slow_hook(shop, 0.5)
    first = _start(shop)
    while not (shop.path / ".git/orchestra/journal.jsonl").exists():
        time.sleep(0.01)
    second = _start(shop)
    _, said = second.communicate()
    first.communicate()

    assert (first.returncode, second.returncode) == (0, 6)
    assert f"pid {first.pid}" in said
    assert "orchestra apply" in said
    _settled(shop)


def test_a_user_works_on_meanwhile(shop: Project) -> None:
    """Commits, branches and worktrees of the user's own are made at the same time, and all are there."""
    running = _start(shop, "--lock-timeout", "60")
    commits = []
    for number in range(12):
        commits.append(shop.repository.commit({f"mine/{number}.txt": "x\n"}, f"mine {number}"))
        shop.repository.git("branch", f"mine-{number}", check=False)
        shop.repository.try_git(
            "worktree", "add", "--quiet", "-b", f"tree-{number}", str(shop.path.parent / f"t{number}")
        )
    running.communicate()

    assert running.returncode in {0, 4}
    _settled(shop)
    reachable = set(shop.repository.git("rev-list", "main").split())
    assert set(commits) <= reachable
    assert {f"mine-{number}" for number in range(12)} <= {name.rpartition("/")[2] for name in shop.repository.refs()}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own; needs root."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40m", "none", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def _remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    """A clear error, and with some space the next apply goes on from there."""
    large = {f"large/{number}.bin": os.urandom(400_000).hex() for number in range(6)}
    shop = project(small_disk, {**MANIFEST, **large})
    _remount(small_disk, "size=24m")

    ended = shop.run("apply", "--auto-approve")

    assert ended.code in {1, 4}, ended
    assert "free some space" in ended.out + ended.err
    assert "Traceback" not in ended.out + ended.err
    _remount(small_disk, "size=80m")
    _settled(shop)


def test_a_read_only_disk(small_disk: Path) -> None:
    """Nothing can be done, which is said; afterwards everything can."""
    shop = project(small_disk, MANIFEST)
    _remount(small_disk, "ro")
    shop.run("plan").expect(0)

    ended = shop.run("apply", "--auto-approve")

    assert ended.code == 1
    assert "Read-only file system" in ended.err
    _remount(small_disk, "rw")
    _settled(shop)


def test_a_place_that_cannot_be_written(tmp_path: Path, small_disk: Path) -> None:
    """The one tree that is to lie there fails, with the way out; the others are made, and it is made later."""
    place = small_disk / "ui"
    shop = project(tmp_path, {"orchestra.yaml": f"worktrees: {{auth: , ui: {{path: '{place}'}}}}\n"})
    _remount(small_disk, "ro")

    ended = shop.run("apply", "--auto-approve")

    assert ended.code == 4
    assert "Read-only file system" in ended.out + ended.err
    assert "hint: it lies on a disk that cannot be written; mount it writable" in ended.out + ended.err
    assert shop.tree("auth").status() == ""
    _remount(small_disk, "rw")
    shop.apply()
    shop.run("plan", "--detailed-exitcode").expect(0)
    assert (place / ".git").is_file()


@pytest.mark.parametrize("lock", ["config.lock", "packed-refs.lock", "refs/heads/auth.lock"])
def test_a_lock_that_somebody_left(shop: Project, lock: str) -> None:
    """Git's locks are not ours to break: the error names the file, and without it the next apply goes on."""
    file = shop.path / ".git" / lock
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()

    ended = shop.run("apply", "--auto-approve")

    if ended.code:
        assert str(file) in ended.out + ended.err
        assert "remove" in ended.out + ended.err
    file.unlink(missing_ok=True)
    _settled(shop)


def test_one_ctrl_c_finishes_what_runs(shop: Project) -> None:
    """Nothing new is started, what was left out is said, and the code is 130."""
    _slow_hook(shop, 0.8)
    running = _start(shop, "-j", "1")
    _wait_for_tree(shop, "auth")
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate()

    assert running.returncode == 130
    assert "skipped" in out
    assert shop.tree("auth").status() == ""
    _settled(shop)


def test_a_second_ctrl_c_stops_what_runs(shop: Project) -> None:
    """The hook would take a minute; nobody waits for it, and it does not live on."""
    _slow_hook(shop, 61.7)
    running = _start(shop)
    _wait_for_tree(shop, "auth")
    _interrupt(running)

    assert running.returncode == 130
    assert subprocess.run(["pgrep", "-f", "sleep 61.7"], capture_output=True, check=False).returncode == 1
    _slow_hook(shop, 0)
    _settled(shop)


def _interrupt(running: subprocess.Popen[str]) -> None:
    """Press Ctrl-C until it ends: of two that a busy machine delivers at the same moment, a process sees one."""
    for _ in range(10):
        running.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.communicate(timeout=2)
            return
    pytest.fail("it does not stop")


def _wait_for_tree(shop: Project, name: str) -> None:
    while not (shop.path.parent / "shop.wt" / name / "a/b.txt").exists():
        time.sleep(0.01)


def test_a_saved_plan_is_refused_where_the_world_moved(shop: Project, tmp_path: Path) -> None:
    """The rest of it is done, the code is 5, and the field is named with both its values."""
    saved = str(tmp_path / "plan.json")
    shop.run("plan", "--out", saved).expect(0)
    shop.repository.branch("ui")

    ended = shop.run("apply", saved)

    assert ended.code == 5
    assert "branch" in ended.out
    assert shop.tree("auth").status() == ""
    assert not (shop.path.parent / "shop.wt/ui").exists()
    _settled(shop)


def test_a_saved_plan_applied_twice_does_nothing_more(shop: Project, tmp_path: Path) -> None:
    """The second time everything is as ordered."""
    shop.apply("--target", "docs")
    saved = str(tmp_path / "plan.json")
    shop.run("plan", "--out", saved).expect(0)
    shop.run("apply", saved).expect(0)

    again = shop.run("apply", saved).expect(0)

    assert "0 added, 0 changed, 0 destroyed" in again.out or "No changes" in again.out
    assert json.loads(Path(saved).read_text())["clone"]
