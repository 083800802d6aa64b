"""Patterns: what git would misread is refused at its offset, what it understands is kept as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from reconciler.boundaries.pattern import Pattern, parse
from reconciler.boundaries.refusal import PatternError
from tests.support.repository import GitRepo

FILES = ["a/b.ts", "a/c d/e.ts", "apps/[slug]/page.ts", "apps/s/page.ts", "x.md", "a/x.md", "!y", "$z/w", "t /u"]


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("packages/auth", True),
        ("packages/auth/", True),
        ("packages/$id.tsx", True),
        (".github", True),
        ("a b/c", True),
        ("**", False),
        ("**/*.md", False),
        ("a/**/b/**", False),
        ("src/test_?.py", False),
        ("src/[a-z]*.py", False),
        ("src/[!a]b", False),
        ("src/[]]x", False),
        ("src/[[:digit:]]", False),
        (r"apps/\[slug\]/**", False),
        (r"\!x", False),
        (r"a\{b\}", False),
    ],
)
def test_a_good_pattern_is_kept(text: str, literal: bool) -> None:
    """Only a pattern without wildcards and escapes covers what is below it."""
    assert parse(text) == Pattern(text, literal)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("", 0),
        ("/a", 0),
        ("./a", 0),
        ("a/./b", 2),
        ("a/../b", 2),
        ("..", 0),
        ("a//b", 2),
        ("a\\", 1),
        ("a\0b", 1),
        ("a\nb", 1),
        ("a/b[\n]", 4),
        ("a**", 1),
        ("a/**b", 2),
        ("***", 0),
        ("**/a/**/b/**/c/**/**", 18),
        ("a[b", 1),
        ("a[", 1),
        ("[\\", 0),
        ("a[x/y]", 3),
        ("[[:nope:]]", 1),
        ("a.{ts,tsx}", 2),
        ("${auth}/**", 1),
        ("app/[slug]/x", 4),
        ("app/[...slug]", 4),
        ("app/[[...slug]]", 4),
        ("app/[slug].tsx", 4),
        ("!a", 0),
        ("*/", 1),
        (":(top)a", 0),
        (r"src\api", 3),
        (r"a\/b", 1),
        (".git/hooks", 0),
        ("a/.GIT", 2),
        (r"a/\.git/x", 2),
        ("a/[.]gi[tT]", 2),
        ("[.][.]", 0),
        ("a/[.]", 2),
        ("a[bé]", 3),
        ("a[z-b]", 4),
        ("a[b-/]", 4),
        ("a[[:al-pha:]]", 2),
        ("[[::]]", 1),
        ("[[:alpha:]", 0),
        ("a/" + "?" * 256, 2),
        ("a/" + "b" * 256, 2),
        ("a/" * 2048 + "bc", 4096),
    ],
)
def test_a_bad_pattern_is_refused_at_its_offset(text: str, offset: int) -> None:
    """Each has a way out."""
    with pytest.raises(PatternError) as caught:
        parse(text)

    assert caught.value.offset == offset
    assert caught.value.hint


@given(st.text(st.sampled_from("ab/*?[]!^-\\{}.$: \n~é"), max_size=12))
def test_anything_is_a_pattern_or_refused_inside_its_text(text: str) -> None:
    """No text raises anything else."""
    try:
        assert parse(text).text == text
    except PatternError as error:
        assert 0 <= error.offset <= len(text)  # noqa: PT017 - either of two answers is right


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    return GitRepo.init(tmp_path_factory.mktemp("patterns") / "repository", dict.fromkeys(FILES, "x\n"))


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("a", {"a/b.ts", "a/c d/e.ts", "a/x.md"}),
        ("a/", {"a/b.ts", "a/c d/e.ts", "a/x.md"}),
        ("*", {"x.md", "!y"}),
        ("**/*.md", {"x.md", "a/x.md"}),
        (r"apps/\[slug\]/**", {"apps/[slug]/page.ts"}),
        (r"apps/\[slug\]", set()),
        (r"\!y", {"!y"}),
        ("$z", {"$z/w"}),
    ],
)
def test_git_reads_a_good_pattern_as_said(repository: GitRepo, text: str, covered: set[str]) -> None:
    """`literal` and the hints agree with `git ls-files`."""
    assert parse(text)
    assert set(filter(None, repository.git("ls-files", "-z", f":(top,glob){text}").split("\0"))) == covered


@pytest.mark.parametrize("text", ["a", "t ", "$z", r"apps/\[slug\]/**", "**/*.md", "a/c d"])
def test_a_sparse_line_checks_out_what_the_pattern_covers(repository: GitRepo, tmp_path: Path, text: str) -> None:
    """At least that: gitignore's language may cover more below a wildcard."""
    covered = set(filter(None, repository.git("ls-files", "-z", f":(top,glob){text}").split("\0")))
    repository.git("worktree", "add", "--quiet", "--no-checkout", "--detach", str(tmp_path / "tree"))
    tree = GitRepo(tmp_path / "tree")
    tree.git("sparse-checkout", "set", "--no-cone", "--stdin", stdin=parse(text).sparse_line + "\n")
    tree.git("checkout", "--quiet")

    found = {
        str(path.relative_to(tree.path)) for path in tree.path.rglob("*") if path.is_file() and path.name != ".git"
    }

    assert covered
    assert found >= covered
    assert len(found) < len(FILES)


@given(
    st.lists(st.sampled_from(["a", "*", "**", "/", "!", ".", "..", "[slug]", "[", "]", "\\", "b", "{c}"])).map("".join)
)
@example("a**b")
@example("!!a**")
@example("/a/./**b/")
def test_a_proposal_is_a_pattern(text: str) -> None:
    """Whoever does what the hint says is not refused again."""
    error = refusal(text)
    assume(error is not None)
    assert "``" not in error.hint
    for proposed in re.findall(r"(?:^write|repository:|the top:|name itself write|^put) `([^`]+)`", error.hint):
        assert proposed == "/" or refusal(proposed) is None
    assert not error.better or error.hint.endswith(f" `{error.better}`")


def refusal(text: str) -> PatternError | None:
    """What is said of a pattern; nothing of a good one."""
    try:
        parse(text)
    except PatternError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("a**b", "a*/**/*b"),
        ("a**", "a*/**"),
        ("**b", "**/*b"),
        ("***", "**"),
        ("x/a**/y", "x/a*/**/y"),
        ("a**b/", "a*/**/*b/**"),
        ("/./a", "a"),
    ],
)
def test_a_double_star_is_taken_apart(text: str, better: str) -> None:
    """The proposal matches what was meant: the name goes on in any depth."""
    with pytest.raises(PatternError) as caught:
        parse(text)
    assert caught.value.better == better
