"""Is it merged? Real histories, one for each way in which work gets to another branch, or does not."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from reconciler.clients import borrowed
from reconciler.clients.git import Git
from reconciler.clients.integration import Way
from reconciler.clients.merged import Question, Target, Verdict, how_merged, where_it_began
from reconciler.clients.process import Finished, Runner
from reconciler.errors import PermanentError
from tests.support.repository import GitRepo


def text(**changed: str) -> str:
    """Give a file of forty lines; `l7="seven"` is its seventh."""
    return "".join(f"{changed.get(f'l{number}', number)}\n" for number in range(1, 41))


class Shop(GitRepo):
    """A repository with `main`, and `auth` that begins there and is checked out."""

    @classmethod
    def make(cls, path: Path, *words: str) -> Shop:
        """Make one."""
        path.mkdir()
        shop = cls(path)
        shop.git("init", "-q", "-b", "main", *words)
        shop.commit({"a.txt": text(), "b.txt": text(), "c.txt": "c\n"}, "first")
        shop.git("checkout", "-q", "-b", "auth")
        return shop

    def on(self, branch: str, *words: str) -> str:
        """Run git with a branch checked out, and give that branch's tip."""
        self.git("checkout", "-q", branch)
        if words:
            self.git(*words)
        return self.commit_of("HEAD")

    def say(self, branch: str, message: str, **files: str | None) -> str:
        """Commit files (`a="..."` is `a.txt`) on a branch."""
        self.git("checkout", "-q", branch)
        return self.commit({f"{name}.txt": content for name, content in files.items()}, message)

    def work(self) -> tuple[str, str]:
        """Make two commits on `auth`."""
        return self.say("auth", "one", a=text(l5="five")), self.say("auth", "two", a=text(l5="five", l20="twenty"))

    def squash(self) -> str:
        """Squash `auth` into `main`."""
        self.on("main", "merge", "-q", "--squash", "auth")
        self.git("commit", "-q", "-m", "squashed")
        return self.commit_of("main")

    def merge(self) -> str:
        """Merge `auth` into `main`."""
        return self.on("main", "merge", "-q", "--no-ff", "-m", "merge auth", "auth")

    def pick(self, *commits: str) -> str:
        """Pick commits onto `main`."""
        return self.on("main", "cherry-pick", *commits)

    def revert(self, commit: str, *words: str) -> str:
        """Revert a commit on `main`."""
        return self.on("main", "revert", "--no-edit", *words, commit)

    def question(self, *upstreams: str, base: str = "main", start: bool = True) -> Question:
        """Ask about `auth`."""
        targets = [Target(base, self.commit_of(base))]
        targets += [Target(name, self.commit_of(name), is_upstream=True) for name in upstreams]
        root = self.git("rev-list", "--max-parents=0", "--reverse", "auth").split()[0]
        return Question(self.commit_of("auth"), tuple(targets), root if start else None)


def ask(git: Git, repo: GitRepo, question: Question) -> Verdict:
    """Ask one question."""
    return how_merged(git, git.discover(repo.path), [question])[question]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Give one."""
    return Shop.make(tmp_path / "shop")


# --- the table -------------------------------------------------------------------------------------------------------


def merged(shop: Shop) -> None:
    shop.work()
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.merge()


def merged_and_changed_later(shop: Shop) -> None:
    merged(shop)
    shop.say("main", "more", a=text(l5="five of main", l20="twenty"))


def merged_and_deleted_later(shop: Shop) -> None:
    merged(shop)
    shop.say("main", "away with it", a=None)


def merged_and_renamed_later(shop: Shop) -> None:
    shop.say("auth", "new", new="new\n")
    shop.merge()
    shop.on("main", "mv", "new.txt", "other.txt")
    shop.say("main", "renamed")


def forwarded(shop: Shop) -> None:
    shop.work()
    shop.on("main", "merge", "-q", "--ff-only", "auth")
    shop.say("main", "more", b=text(l1="1 of main"))


def same_tree(shop: Shop) -> None:
    shop.work()
    shop.squash()


def no_change(shop: Shop) -> None:
    shop.work()
    shop.on("auth", "revert", "--no-edit", "HEAD", "HEAD~1")
    shop.say("main", "other", b=text(l1="1 of main"))


def empty_commits(shop: Shop) -> None:
    shop.say("auth", "nothing")
    shop.say("auth", "nothing more")
    shop.say("main", "other", b=text(l1="1 of main"))


def rebased_and_merged(shop: Shop) -> None:
    shop.work()
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.git("checkout", "-q", "-b", "copy", "auth")
    shop.on("copy", "rebase", "-q", "main")
    shop.on("main", "merge", "-q", "--ff-only", "copy")


def picked(shop: Shop) -> None:
    one, two = shop.work()
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.pick(one, two)


def picked_in_other_order_and_changed_later(shop: Shop) -> None:
    one, two = shop.work()
    shop.pick(two, one)
    shop.say("main", "more", a=text(l5="five of main", l20="twenty of main"))


def picked_with_an_empty_one(shop: Shop) -> None:
    one, two = shop.work()
    shop.say("auth", "nothing")
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.pick(one, two)


def picked_but_for_what_it_took_back(shop: Shop) -> None:
    one, two = shop.work()
    shop.on("auth", "revert", "--no-edit", one)
    shop.pick(two)
    shop.say("main", "more", a=text(l20="twenty of main"))


def squashed(shop: Shop) -> None:
    shop.work()
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.squash()


def squashed_and_changed_later(shop: Shop) -> None:
    squashed(shop)
    shop.say("main", "more", a=text(l5="five of main", l20="twenty of main"))


def squashed_with_renames(shop: Shop) -> None:
    shop.on("auth", "mv", "a.txt", "d.txt")
    shop.say("auth", "one", d=text(l5="five"))
    shop.say("auth", "two", c=None)
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.squash()
    shop.say("main", "more", d=text(l5="five of main"))


def squashed_after_a_merge_inside(shop: Shop) -> None:
    shop.work()
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.on("auth", "merge", "-q", "-m", "sync", "main")
    shop.say("auth", "three", c="c of auth\n")
    shop.squash()
    shop.say("main", "more", a=text(l5="five of main", l20="twenty"))


def squashed_with_additions(shop: Shop) -> None:
    """The squash was edited on its way, part of it had been picked before: no patch is equal."""
    one, _ = shop.work()
    shop.pick(one)
    shop.say("main", "the rest, and more", a=text(l5="five", l20="twenty", l35="thirty-five"))


def merge_inside_and_picked(shop: Shop) -> None:
    one, two = shop.work()
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.on("auth", "merge", "-q", "-m", "sync", "main")
    shop.pick(one, two)
    shop.say("main", "more", b=text(l1="1 of main", l40="forty"))


def merged_and_reverted(shop: Shop) -> None:
    merged(shop)
    shop.revert("HEAD", "-m", "1")


def merged_and_undone_by_hand(shop: Shop) -> None:
    merged(shop)
    shop.say("main", "no", a=text())


def merged_and_reverted_in_part(shop: Shop) -> None:
    one, _ = shop.work()
    shop.merge()
    shop.revert(one)


def merged_and_reverted_in_part_without_a_word(shop: Shop) -> None:
    merged(shop)
    shop.say("main", "no", a=text(l20="twenty"))


def merged_reverted_and_changed_later(shop: Shop) -> None:
    """Neither the whole nor a patch can be taken back any more, but a message says what happened."""
    merged(shop)
    shop.revert("HEAD", "-m", "1")
    shop.say("main", "differently", a=text(l5="five of main"))


def merged_and_reverted_with_a_conflict(shop: Shop) -> None:
    one, _ = shop.work()
    shop.merge()
    shop.say("main", "more", a=text(l4="four", l5="five", l20="twenty"))
    shop.say("main", f'Revert "one"\n\nThis reverts commit {one}.', a=text(l4="four", l5="5 again", l20="twenty"))


def forwarded_and_reverted(shop: Shop) -> None:
    _, two = shop.work()
    shop.on("main", "merge", "-q", "--ff-only", "auth")
    shop.revert(two)


def picked_and_reverted(shop: Shop) -> None:
    picked(shop)
    shop.on("main", "revert", "--no-edit", "HEAD", "HEAD~1")


def picked_and_reverted_in_part(shop: Shop) -> None:
    picked(shop)
    shop.revert("HEAD~1")


def squashed_and_reverted(shop: Shop) -> None:
    squashed(shop)
    shop.revert("HEAD")


def squashed_and_undone_in_two_steps(shop: Shop) -> None:
    squashed(shop)
    shop.say("main", "no", a=text(l5="five"))
    shop.say("main", "no, no", a=text())


def merged_reverted_and_more(shop: Shop) -> None:
    """Of the later commit git says that a merge brings all that is missing; the reverted ones it would not bring."""
    merged_and_reverted(shop)
    three = shop.say("auth", "three", c="c of auth\n")
    shop.pick(three)


def merged_reverted_and_an_empty_commit(shop: Shop) -> None:
    merged_and_reverted(shop)
    shop.say("auth", "again, please")


def merged_reverted_and_merged_again_with_more(shop: Shop) -> None:
    """The second merge does not bring back what the first one brought."""
    merged_and_reverted(shop)
    shop.say("auth", "three", c="c of auth\n")
    shop.merge()


def synced_after_a_squash_and_reverted(shop: Shop) -> None:
    """Through the sync the branch has the squashed commit: git sees no difference any more."""
    squashed(shop)
    shop.on("auth", "merge", "-q", "-m", "sync", "main")
    shop.revert("HEAD^{/squashed}")


def merged_reverted_and_the_revert_reverted(shop: Shop) -> None:
    merged_and_reverted(shop)
    shop.revert("HEAD")


def merged_reverted_reverted_and_changed(shop: Shop) -> None:
    merged_reverted_and_the_revert_reverted(shop)
    shop.say("main", "more", a=text(l5="five of main", l20="twenty"))


def merged_reverted_and_merged_as_copies(shop: Shop) -> None:
    merged_and_reverted(shop)
    shop.pick("auth~1", "auth")


def squashed_reverted_and_squashed_again(shop: Shop) -> None:
    squashed_and_reverted(shop)
    shop.squash()


def squashed_reverted_squashed_and_reverted(shop: Shop) -> None:
    squashed_reverted_and_squashed_again(shop)
    shop.revert("HEAD")


def unmerged(shop: Shop) -> None:
    shop.work()
    shop.say("main", "other", b=text(l1="1 of main"))


def unmerged_and_conflicting(shop: Shop) -> None:
    shop.work()
    shop.say("main", "other", a=text(l5="five of main"))


def partly_picked(shop: Shop) -> None:
    one, _ = shop.work()
    shop.pick(one)
    shop.say("main", "other", b=text(l1="1 of main"))


def partly_picked_and_changed(shop: Shop) -> None:
    partly_picked(shop)
    shop.say("main", "more", a=text(l5="five of main"))


def only_indented_alike(shop: Shop) -> None:
    shop.say("auth", "one", a=text(l5="    five"))
    shop.say("main", "other", a=text(l5="five"))


def another_binary(shop: Shop) -> None:
    shop.say("auth", "one", bin="\0one")
    shop.say("main", "other", bin="\0other")


def merged_partly_and_more(shop: Shop) -> None:
    merged(shop)
    shop.say("auth", "three", c="c of auth\n")


def merged_with_an_evil_merge_inside(shop: Shop) -> None:
    """The merge has content of its own that the picked patches have not."""
    one, two = shop.work()
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.on("auth", "merge", "-q", "--no-commit", "main")
    shop.say("auth", "sync", c="only in the merge\n")
    shop.pick(one, two)


def unrelated(shop: Shop) -> None:
    shop.git("checkout", "-q", "--orphan", "other")
    shop.commit({"c.txt": "another\n"}, "a beginning")
    shop.git("branch", "-q", "-M", "auth")
    shop.say("auth", "more", c="yet another\n")


def unrelated_and_merged(shop: Shop) -> None:
    unrelated(shop)
    shop.on("main", "merge", "-q", "--allow-unrelated-histories", "-X", "theirs", "-m", "both", "auth")


def criss_cross(shop: Shop) -> None:
    """Each has merged the other, at the same time: two merge bases."""
    shop.say("auth", "one", a=text(l5="five"))
    shop.say("main", "other", b=text(l1="1 of main"))
    before = shop.commit_of("main")
    shop.merge()
    shop.on("auth", "merge", "-q", "--no-ff", "-m", "sync", before)
    shop.say("main", "yet more", d="d\n")


def criss_cross_unmerged(shop: Shop) -> None:
    criss_cross(shop)
    shop.say("main", "more", b=text(l1="1 of main", l40="forty"))
    shop.say("auth", "two", a=text(l5="five", l20="twenty"))


def criss_cross_squashed(shop: Shop) -> None:
    criss_cross_unmerged(shop)
    shop.squash()
    shop.say("main", "more", d="more\n")


def criss_cross_squashed_and_changed_later(shop: Shop) -> None:
    """From none of the two bases on, the branch is what was squashed: it cannot be told any more."""
    criss_cross_squashed(shop)
    shop.say("main", "more", a=text(l5="five", l20="20 of main"))


TABLE: list[tuple[Callable[[Shop], None], Way]] = [
    (merged, Way.ANCESTOR),
    (merged_and_changed_later, Way.ANCESTOR),
    (merged_and_deleted_later, Way.ANCESTOR),
    (merged_and_renamed_later, Way.ANCESTOR),
    (forwarded, Way.ANCESTOR),
    (same_tree, Way.SAME_TREE),
    (no_change, Way.NO_CHANGE),
    (empty_commits, Way.NO_CHANGE),
    (rebased_and_merged, Way.PATCHES),
    (picked, Way.PATCHES),
    (picked_in_other_order_and_changed_later, Way.PATCHES),
    (picked_with_an_empty_one, Way.PATCHES),
    (picked_but_for_what_it_took_back, Way.PATCHES),
    (squashed, Way.SQUASH),
    (squashed_and_changed_later, Way.SQUASH),
    (squashed_with_renames, Way.SQUASH),
    (squashed_after_a_merge_inside, Way.SQUASH),
    (squashed_with_additions, Way.MERGE_TREE),
    (merge_inside_and_picked, Way.MERGE_TREE),
    (merged_and_reverted, Way.REVERTED),
    (merged_and_undone_by_hand, Way.REVERTED),
    (merged_and_reverted_in_part, Way.REVERTED),
    (merged_and_reverted_in_part_without_a_word, Way.REVERTED),
    (merged_reverted_and_changed_later, Way.REVERTED),
    (merged_and_reverted_with_a_conflict, Way.REVERTED),
    (forwarded_and_reverted, Way.REVERTED),
    (picked_and_reverted, Way.REVERTED),
    (picked_and_reverted_in_part, Way.REVERTED),
    (squashed_and_reverted, Way.REVERTED),
    (squashed_and_undone_in_two_steps, Way.REVERTED),
    (merged_reverted_and_more, Way.REVERTED),
    (merged_reverted_and_an_empty_commit, Way.REVERTED),
    (merged_reverted_and_merged_again_with_more, Way.REVERTED),
    (synced_after_a_squash_and_reverted, Way.REVERTED),
    (merged_reverted_and_the_revert_reverted, Way.ANCESTOR),
    (merged_reverted_reverted_and_changed, Way.ANCESTOR),
    (merged_reverted_and_merged_as_copies, Way.ANCESTOR),
    (squashed_reverted_and_squashed_again, Way.SQUASH),
    (squashed_reverted_squashed_and_reverted, Way.REVERTED),
    (unmerged, Way.UNMERGED),
    (unmerged_and_conflicting, Way.UNMERGED),
    (partly_picked, Way.UNMERGED),
    (partly_picked_and_changed, Way.UNMERGED),
    (only_indented_alike, Way.UNMERGED),
    (another_binary, Way.UNMERGED),
    (merged_partly_and_more, Way.UNMERGED),
    (merged_with_an_evil_merge_inside, Way.UNMERGED),
    (unrelated, Way.UNMERGED),
    (unrelated_and_merged, Way.ANCESTOR),
    (criss_cross, Way.MERGE_TREE),
    (criss_cross_unmerged, Way.UNMERGED),
    (criss_cross_squashed, Way.MERGE_TREE),
    (criss_cross_squashed_and_changed_later, Way.UNMERGED),
]


@pytest.mark.parametrize(("build", "way"), TABLE, ids=[build.__name__ for build, _ in TABLE])
def test_the_table(shop: Shop, git: Git, build: Callable[[Shop], None], way: Way) -> None:
    """Each history gets the first way that holds, and what was taken back is not merged."""
    build(shop)
    before = snapshot(shop)
    verdict = ask(git, shop, shop.question())
    assert verdict.way is way, verdict.phrase
    assert verdict.is_merged == (way not in {Way.REVERTED, Way.UNMERGED})
    assert snapshot(shop) == before


def snapshot(repo: GitRepo) -> dict[str, bytes]:
    """Give every file of a repository."""
    return {str(file): file.read_bytes() for file in sorted(repo.path.rglob("*")) if file.is_file()}
