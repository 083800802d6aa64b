"""Is it merged? Real histories, one for each way in which work gets to another branch, or does not."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from reconciler.clients import borrowed
from reconciler.clients.git import Git, Repository, git_environment
from reconciler.clients.integration import Way
from reconciler.clients.merged import Question, Target, Verdict, how_merged, where_it_began
from reconciler.clients.process import Finished, Runner
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


def merged_and_undone_among_other_things(shop: Shop) -> None:
    """No commit is a patch backwards, and no message says so."""
    merged(shop)
    shop.say("main", "much", a=text(l35="35 of main"), b=text(), c="c of main\n")


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


def synced_after_a_squash_and_undone_among_other_things(shop: Shop) -> None:
    """Against the squashed commit nothing is missing; against where it began, all is."""
    shop.work()
    shop.squash()
    shop.on("auth", "merge", "-q", "-m", "sync", "main")
    shop.say("main", "much", a=text(l35="35 of main"), c="c of main\n")


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


def criss_cross_without_mains(shop: Shop) -> None:
    """To one of the two bases there is no difference: it took back what came from main."""
    criss_cross(shop)
    shop.say("auth", "not that", b=text())


def criss_cross_without_its_own(shop: Shop) -> None:
    """The same for the other base: it took back what was its own, and main has."""
    criss_cross(shop)
    shop.say("auth", "not that", a=text())


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
    (merged_and_undone_among_other_things, Way.REVERTED),
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
    (synced_after_a_squash_and_undone_among_other_things, Way.REVERTED),
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
    (criss_cross_without_mains, Way.UNMERGED),
    (criss_cross_without_its_own, Way.UNMERGED),
    (criss_cross_unmerged, Way.UNMERGED),
    (criss_cross_squashed, Way.MERGE_TREE),
    (criss_cross_squashed_and_changed_later, Way.UNMERGED),
]


class Counting(Runner):
    """A git that counts."""

    def __init__(self) -> None:
        super().__init__(git_environment(os.environ))
        self.count = 0

    def run(self, argv: Sequence[str | Path], **arguments: object) -> Finished:  # type: ignore[override]
        """Count, and run."""
        self.count += 1
        return super().run(argv, **arguments)  # type: ignore[arg-type]


def count(shop: Shop, questions: Sequence[Question]) -> tuple[int, list[Way]]:
    """Count the programs of an answer."""
    runner = Counting()
    repository = Git({}, runner).discover(shop.path)
    runner.count = 0
    verdicts = how_merged(Git({}, runner), repository, questions)
    return runner.count, [verdict.way for verdict in verdicts.values()]


@pytest.mark.parametrize(("build", "way"), TABLE, ids=[build.__name__ for build, _ in TABLE])
def test_the_table(shop: Shop, git: Git, build: Callable[[Shop], None], way: Way) -> None:
    """Each history gets the first way that holds, what was taken back is not merged, and nothing is changed.

    To know where a branch began matters little: only what was fast-forwarded leaves no other trace. The programs are a
    handful for each time that the branch was merged, however much was committed.
    """
    build(shop)
    before = snapshot(shop)
    programs, ways = count(shop, [shop.question()])
    assert ways == [way]
    assert programs <= 25
    verdict = ask(git, shop, shop.question(start=False))
    assert verdict.way is (Way.ANCESTOR if build is forwarded_and_reverted else way), verdict.phrase
    assert verdict.is_merged == (verdict.way not in {Way.REVERTED, Way.UNMERGED})
    assert snapshot(shop) == before


def snapshot(repo: GitRepo) -> dict[str, bytes]:
    """Give every file of a repository."""
    return {str(file): file.read_bytes() for file in sorted(repo.path.rglob("*")) if file.is_file()}


PHRASES = [
    (merged, "ancestor of main"),
    (same_tree, "same tree as main"),
    (no_change, "changes nothing since it left main"),
    (picked, "every commit is on main as a patch"),
    (squashed, "squashed into main"),
    (squashed_with_additions, "to merge it would change nothing on main"),
    (merged_and_reverted, "merged, then reverted on main"),
    (unmerged, "not merged into main"),
]


@pytest.mark.parametrize(("build", "phrase"), PHRASES, ids=[build.__name__ for build, _ in PHRASES])
def test_what_people_read(shop: Shop, git: Git, build: Callable[[Shop], None], phrase: str) -> None:
    """Each way has its words, with the name of the place."""
    build(shop)
    assert ask(git, shop, shop.question()).phrase == phrase


# --- brand-new, behind, pushed ---------------------------------------------------------------------------------------


def test_a_new_branch_has_nothing_of_its_own(shop: Shop, git: Git) -> None:
    """Also when the base went on; that is told apart from one that was merged."""
    shop.say("main", "more", b=text(l1="1 of main"))
    assert ask(git, shop, shop.question()) == Verdict(Way.NOTHING, "nothing of its own")


def test_a_new_branch_whose_base_was_rewritten_is_not_merged(shop: Shop, git: Git) -> None:
    """Where it began is nowhere else any more."""
    shop.say("main", "begin anew", c="other\n")
    shop.git("branch", "-f", "auth", "main")
    tip = shop.commit_of("auth")
    shop.on("main", "reset", "-q", "--hard", "HEAD~1")
    question = Question(tip, (Target("main", shop.commit_of("main")),), tip)
    assert ask(git, shop, question).way is Way.UNMERGED


def test_a_branch_behind_its_base_is_an_ancestor(shop: Shop, git: Git) -> None:
    """When it is not known where it began, that is all there is to say."""
    shop.say("main", "more", b=text(l1="1 of main"))
    assert ask(git, shop, shop.question(start=False)).phrase == "ancestor of main"


def test_what_was_pushed_is_on_the_upstream(shop: Shop, git: Git) -> None:
    """The base comes first; an upstream that lacks something does not count, and one that is gone says nothing."""
    shop.work()
    shop.branch("origin/auth", "auth")
    assert ask(git, shop, shop.question("origin/auth")) == Verdict(Way.ANCESTOR, "all of it is on origin/auth")
    shop.say("auth", "three", c="c of auth\n")
    assert ask(git, shop, shop.question("origin/auth")).phrase == "not merged into main or origin/auth"
    gone = Question(shop.commit_of("auth"), (Target("main", shop.commit_of("main")), Target("origin/auth", None, True)))
    assert ask(git, shop, gone).phrase == "not merged into main"
    shop.merge()
    assert ask(git, shop, shop.question("origin/auth")).phrase == "ancestor of main"


def test_the_first_target_that_has_it_is_named(shop: Shop, git: Git) -> None:
    """Also when another one was compared first, since more branches follow it."""
    shop.work()
    shop.merge()
    last = Target("main", shop.commit_of("main"))
    asked = [Question(tip, (Target(tip, tip), last)) for tip in (shop.commit_of("auth~1"), shop.commit_of("auth"))]
    verdicts = how_merged(git, git.discover(shop.path), asked)
    assert [verdict.phrase for verdict in verdicts.values()] == [f"ancestor of {each.tip}" for each in asked]


def test_what_was_rebased_and_pushed_is_on_the_upstream(shop: Shop, git: Git) -> None:
    """Patches count there as well."""
    one, two = shop.work()
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.git("checkout", "-q", "-b", "origin/auth", "main")
    shop.git("cherry-pick", one, two)
    assert (
        ask(git, shop, shop.question("origin/auth", base="auth~2")).phrase
        == "every commit is on origin/auth as a patch"
    )


def test_where_a_branch_began(shop: Shop, tmp_path: Path, git: Git) -> None:
    """It is read in the branch's log; where none is kept, or its beginning was dropped, it is not known."""
    begun = shop.commit_of("auth")
    shop.work()
    repository = git.discover(shop.path)
    assert where_it_began(repository, "auth") == begun
    shop.git("reflog", "delete", "auth@{2}")
    assert where_it_began(repository, "auth") is None
    assert where_it_began(repository, "nowhere") is None
    assert where_it_began(git.discover(shop.clone(tmp_path / "bare", "--bare").path), "auth") is None


# --- what cannot be told ---------------------------------------------------------------------------------------------


def test_a_base_that_is_missing_cannot_be_told_of(shop: Shop, git: Git) -> None:
    """Neither of one without a ref nor of one without its commit; an upstream that has it all is enough, though."""
    shop.work()
    tip = shop.commit_of("auth")
    for commit in (None, "1" * 40):
        lost = Target("main", commit)
        assert ask(git, shop, Question(tip, (lost,))).phrase == "cannot tell whether it is merged: main is not here"
        assert ask(git, shop, Question(tip, (lost, Target("origin/auth", tip, True)))).is_merged
    assert not ask(git, shop, Question(tip, ())).is_merged


def test_a_tip_that_is_missing_cannot_be_told_of(shop: Shop, git: Git) -> None:
    """A commit that is not here is on no branch."""
    verdict = ask(git, shop, Question("1" * 40, (Target("main", shop.commit_of("main")),)))
    assert verdict == Verdict(Way.UNKNOWN, "cannot tell whether it is merged: its tip is not here")


def test_a_start_that_is_missing_is_not_known(shop: Shop, git: Git) -> None:
    """It is but a help."""
    merged(shop)
    question = Question(shop.commit_of("auth"), (Target("main", shop.commit_of("main")),), "1" * 40)
    assert ask(git, shop, question).way is Way.ANCESTOR


def test_a_shallow_clone_is_asked_as_far_as_it_goes(shop: Shop, tmp_path: Path, git: Git) -> None:
    """What it has is told; where history is cut off before the two meet, it cannot be."""
    shop.work()
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.pick("auth~1", "auth")
    shallow = GitRepo(tmp_path / "shallow")
    shop.git("clone", "-q", "--no-single-branch", "--depth=2", f"file://{shop.path}", str(shallow.path))
    tip, main = shallow.commit_of("origin/auth"), shallow.commit_of("origin/main")
    assert "cut off" in ask(git, shallow, Question(tip, (Target("main", main),))).phrase
    shallow.git("fetch", "-q", "--depth=5")
    assert ask(git, shallow, Question(tip, (Target("main", main),))).way is Way.PATCHES
    assert ask(git, shallow, Question(main, (Target("main", main),))).way is Way.ANCESTOR


@pytest.mark.parametrize("filtered", ["blob:none", "tree:0"])
def test_a_partial_clone_is_not_completed(shop: Shop, tmp_path: Path, git: Git, filtered: str) -> None:
    """Nothing is fetched, even where that could be done: commits suffice for some answers, the others are not known."""
    squashed_and_changed_later(shop)
    shop.git("config", "uploadpack.allowFilter", "true")
    partial = GitRepo(tmp_path / "partial")
    shop.git("clone", "-q", "--no-checkout", f"--filter={filtered}", f"file://{shop.path}", str(partial.path))
    tip, main = partial.commit_of("origin/auth"), partial.commit_of("origin/main")
    before = snapshot(partial)
    assert ask(git, partial, Question(tip, (Target("main", main),))).way is Way.UNKNOWN
    assert snapshot(partial) == before
    older = partial.commit_of("origin/main~2")
    assert ask(git, partial, Question(older, (Target("main", main),))).is_merged == (filtered == "blob:none")


def test_a_broken_branch_does_not_hide_the_others(shop: Shop, git: Git) -> None:
    """Git fails for all when an object is damaged; the others are then asked one by one."""
    one, _ = shop.work()
    shop.branch("ui", "main")
    shop.say("main", "other", b=text(l1="1 of main"))
    (shop.path / ".git/objects" / one[:2] / one[2:]).unlink()
    asked = [Question(shop.commit_of(name), (Target("main", shop.commit_of("main")),)) for name in ("auth", "ui")]
    verdicts = how_merged(git, git.discover(shop.path), asked)
    assert [verdict.way for verdict in verdicts.values()] == [Way.UNKNOWN, Way.ANCESTOR]


class Failing(Runner):
    """A git that fails at one command."""

    def __init__(self, command: str) -> None:
        super().__init__(dict(os.environ))
        self._command = command

    def run(self, argv: Sequence[str | Path], **arguments: object) -> Finished:  # type: ignore[override]
        """Run it, or fail."""
        if self._command in argv:
            return Finished(tuple(map(str, argv)), 128, b"", "fatal: no")
        return super().run(argv, **arguments)  # type: ignore[arg-type]


COMMANDS = ["init", "cat-file", "rev-list", "diff-tree", "merge-base", "merge-tree"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("build", [picked, squashed_with_additions, merged_and_reverted, no_change])
def test_a_failure_of_git_never_means_merged(shop: Shop, command: str, build: Callable[[Shop], None]) -> None:
    """Whichever command fails, what depends on it is not known."""
    build(shop)
    verdict = ask(Git({}, Failing(command)), shop, shop.question())
    assert verdict.way is Way.UNKNOWN
    assert "fatal: no" in verdict.phrase


def test_no_room_for_the_scratch_repository(shop: Shop, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is known, and nothing breaks."""
    monkeypatch.setattr(borrowed.tempfile, "TemporaryDirectory", _full)
    assert "No space left" in ask(git, shop, shop.question()).phrase


def _full(**_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_program_that_was_told_to_stop(shop: Shop) -> None:
    """After Ctrl-C no more is asked."""
    git = Git(os.environ)
    repository = git.discover(shop.path)
    git.runner.stop_all()
    (verdict,) = how_merged(git, repository, [shop.question()]).values()
    assert not verdict.is_merged


# --- surroundings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [merged_and_reverted, squashed_and_changed_later, squashed_with_additions, unmerged])
def test_another_hash(tmp_path: Path, git: Git, build: Callable[[Shop], None]) -> None:
    """The same answers with SHA-256."""
    shop = Shop.make(tmp_path / "shop", "--object-format=sha256")
    build(shop)
    assert ask(git, shop, shop.question()).way is dict(TABLE)[build]


@pytest.mark.parametrize("name", ["with space", "new\nline", '"quoted"', "#x", "n\udce9"])
def test_the_repository_may_be_called_anything(tmp_path: Path, git: Git, name: str) -> None:
    """Its objects are borrowed through a link."""
    shop = Shop.make(tmp_path / name)
    squashed(shop)
    assert ask(git, shop, shop.question()).way is Way.SQUASH


def test_objects_that_the_repository_borrows_itself(shop: Shop, tmp_path: Path, git: Git) -> None:
    """They are found through it."""
    squashed(shop)
    copy = shop.clone(tmp_path / "copy", "--shared")
    assert ask(git, copy, shop.question()).way is Way.SQUASH


NAMES = ["new\nline", "d/new\nline/x", ":(top)a", ":!a", "*", "n\udce9", "-x", '"q"', "é"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_may_be_called_anything(shop: Shop, git: Git, name: str) -> None:
    """What git quotes, or would take for a pattern, hides nothing."""
    shop.git("checkout", "-q", "auth")
    shop.commit({name: text(l5="five")}, "odd")
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.pick("auth")
    shop.commit({name: text(l5="five of main")}, "more")
    assert ask(git, shop, shop.question()).way is Way.PATCHES
    shop.commit({name: text(l5="five")}, "less")
    shop.revert("HEAD~2")
    assert ask(git, shop, shop.question()).way is Way.REVERTED


def test_many_files(shop: Shop, git: Git) -> None:
    """More than git could look for one by one."""
    shop.git("checkout", "-q", "auth")
    shop.commit({f"many/{number}/{number}": text() for number in range(300)}, "many")
    shop.say("main", "other", b=text(l1="1 of main"))
    shop.pick("auth")
    shop.commit({"many/7/7": "main's\n"}, "more")
    assert ask(git, shop, shop.question()).way is Way.PATCHES


def test_modes_count(shop: Shop, git: Git) -> None:
    """What only made a file executable is merged when that is, and taken back when that is."""
    shop.on("auth", "update-index", "--chmod=+x", "a.txt")
    shop.git("commit", "-q", "-m", "executable")
    shop.git("reset", "-q", "--hard")
    shop.say("main", "other", b=text(l1="1 of main"))
    assert ask(git, shop, shop.question()).way is Way.UNMERGED
    shop.merge()
    assert ask(git, shop, shop.question()).way is Way.ANCESTOR
    shop.revert("HEAD", "-m", "1")
    assert ask(git, shop, shop.question()).way is Way.REVERTED


def test_attributes_of_the_user_decide_nothing(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has all files taken for binary is told the same."""
    picked_in_other_order_and_changed_later(shop)
    (tmp_path / "git").mkdir()
    (tmp_path / "git/attributes").write_text("* -diff\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert ask(Git(os.environ), shop, shop.question()).way is Way.PATCHES


def test_nothing_that_is_configured_runs_or_decides(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merge driver that keeps ours, a text converter that makes all alike and a replaced commit change no answer."""
    unmerged_and_conflicting(shop)
    config = tmp_path / "config"
    config.write_text(
        f"[core]\n\tattributesFile = {tmp_path / 'attributes'}\n[merge]\n\tdefault = ours\n"
        f'[merge "ours"]\n\tdriver = touch {tmp_path / "ran"}\n'
        f'[diff "alike"]\n\ttextconv = touch {tmp_path / "ran"}; echo\n[log]\n\tshowSignature = true\n'
    )
    for file in (tmp_path / "attributes", shop.path / ".git/info/attributes"):
        file.write_text("* merge=ours diff=alike\n")
    shop.git("replace", shop.commit_of("auth"), shop.commit_of("main"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    question = Question(shop.commit_of("auth~0"), (Target("main", shop.commit_of("main")),))
    assert ask(Git(os.environ), shop, question).way is Way.UNMERGED
    assert not (tmp_path / "ran").exists()


def test_programs_do_not_grow_with_branches_that_are_ancestors(shop: Shop) -> None:
    """Merged into the base, pushed to an upstream each of its own, or brand-new: four programs for any number."""
    root = shop.commit_of("main")
    questions = []
    for number in range(12):
        shop.git("checkout", "-q", "-b", f"b{number}", root)
        tip = shop.commit({f"{number}.txt": "x\n"}, "work") if number % 3 else root
        if number % 3 == 1:
            shop.on("main", "merge", "-q", "--no-ff", "-m", "merge", f"b{number}")
        questions.append((tip, Target(f"origin/b{number}", tip, True)))
    asked = [Question(tip, (Target("main", shop.commit_of("main")), pushed), root) for tip, pushed in questions]
    programs, ways = count(shop, asked)
    assert ways == [Way.NOTHING, Way.ANCESTOR, Way.ANCESTOR] * 4
    assert programs == count(shop, asked[:3])[0] == 4


def test_nothing_is_left_behind(shop: Shop, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scratch repository is gone afterwards."""
    monkeypatch.setattr(borrowed.tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    squashed(shop)
    assert ask(git, shop, shop.question()).is_merged
    assert list((tmp_path / "scratch").iterdir()) == []


def test_no_question_needs_no_program(git: Git) -> None:
    """Nothing is started for nothing."""
    assert how_merged(git, Repository(Path("/nowhere")), []) == {}
