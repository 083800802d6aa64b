"""Our reading of a pattern is that of git and of the guard: over many pairs, and over git's own table."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from reconciler.boundaries import pathspec
from reconciler.boundaries.area import Area
from reconciler.boundaries.pattern import Pattern, parse
from reconciler.boundaries.reading import matches
from reconciler.kinds.guard.rule import rule_text
from reconciler.kinds.guard.spec import GuardSpec
from tests.boundaries import strategies
from tests.support.repository import GitRepo

PAIRS = 20_000
PATHS_PER_PATTERN = 60
PATTERNS_AT_ONCE = 25


class Listing:
    """A repository whose index holds paths that never were files."""

    def __init__(self, directory: Path) -> None:
        self.repository = GitRepo.init(directory)
        self.blob = self.repository.git("hash-object", "-w", "--stdin")

    def hold(self, paths: Iterable[bytes]) -> None:
        """Let the index hold these; none may be a directory of another."""
        self._git("read-tree", "--empty")
        entries = (f"100644 {self.blob}\t".encode() + path + b"\0" for path in paths)
        self._git("update-index", "-z", "--index-info", stdin=b"".join(entries))

    def lists(self, *arguments: str) -> set[bytes]:
        """What git lists of it."""
        return set(self._git("ls-files", "-z", *arguments).split(b"\0")) - {b""}

    def guard_finds(self, function: str, one: Pattern) -> set[bytes]:
        """What the shell's guard finds of it, as the index has it: `outside` of an area of one pattern, or `denied`."""
        area = Area((one,), (), (one,))
        spec = GuardSpec("auth", self.repository.path, "auth", area)
        (self.repository.path / ".git/rule").write_bytes(rule_text(spec, self.repository.path / ".git", ""))
        empty, tree = (self._git(*words).decode().strip() for words in (("mktree",), ("write-tree",)))
        script = f'. .git/rule; {function} git diff-tree -r -z --name-only --no-renames "$@"'
        words = ["sh", "-c", script, "sh", empty, tree]
        found = subprocess.run(
            words, cwd=self.repository.path, stdin=subprocess.DEVNULL, capture_output=True, check=True
        )
        return set(found.stdout.split(b"\0")) - {b""}

    def _git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """In bytes: the builders' text would make one of two line ends."""
        words = ["git", *arguments]
        return subprocess.run(words, cwd=self.repository.path, input=stdin, capture_output=True, check=True).stdout


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    return Listing(tmp_path / "listing")


def _without_conflicts(paths: Iterable[bytes]) -> list[bytes]:
    """Leave out what would be file and directory at once."""
    kept: set[bytes] = set()
    above: set[bytes] = set()
    for path in paths:
        parents = {path[:end] for end in range(len(path)) if path[end : end + 1] == b"/"}
        if path not in above and not parents & kept:
            kept.add(path)
            above |= parents
    return sorted(kept)


def test_git_lists_what_we_match(listing: Listing, capsys: pytest.CaptureFixture[str]) -> None:
    """20,000 pairs, half of the paths made from their pattern; beside them each pattern meets the paths of others."""
    source = random.Random(2_026)  # noqa: S311 - not for secrets
    pairs: list[bool] = []
    compared = 0
    while len(pairs) < PAIRS:
        chosen = [strategies.pattern(source) for _ in range(PATTERNS_AT_ONCE)]
        near = [[strategies.path_near(one, source) for _ in range(PATHS_PER_PATTERN)] for one in chosen]
        others = [strategies.path(source) for _ in range(PATHS_PER_PATTERN)]
        held = _without_conflicts(path for paths in (*near, others) for path in paths)
        listing.hold(held)
        for one, own in zip(chosen, near, strict=True):
            listed = listing.lists(pathspec.of(one))
            assert listed == {path for path in held if matches(one, path)}, one.text
            assert listing.guard_finds("denied", one) == listed, one.text
            assert listing.guard_finds("outside", one) == set(held) - listed, one.text
            compared += len(held)
            made = set(own) & set(held)
            pairs += [path in listed for path in [*made, *source.sample(held, len(made))]]
    with capsys.disabled():
        sys.stderr.write(
            f"\n{len(pairs)} pairs of pattern and path, {sum(pairs)} matched ({sum(pairs) / len(pairs):.0%}), "
            f"and {compared - len(pairs)} more; git and the guard say the same of all\n"
        )
    assert 0.25 < sum(pairs) / len(pairs) < 0.75


def test_a_sparse_tree_holds_at_least_the_area(listing: Listing) -> None:
    """gitignore's language covers more below a wildcard, and never less."""
    source = random.Random(7)  # noqa: S311 - not for secrets
    for _ in range(20):
        chosen = [strategies.pattern(source) for _ in range(10)]
        held = _without_conflicts(strategies.path_near(one, source) for one in chosen for _ in range(20))
        listing.hold(held)
        for one in chosen:
            checked_out = listing.lists("--cached", "--ignored", f"--exclude={one.sparse_line}")
            assert checked_out >= {path for path in held if matches(one, path)}, one.text


# The situations of git's own table for wildmatch, in words of our own: what matches, and what does not.
WILDMATCH = [
    ("lib", "lib lib/a", "li libs x/lib"),
    ("???", "abc", "ab abcd a/c"),
    ("*", "lib", "lib/a"),
    ("l*", "lib l", "a"),
    ("*b", "lib b", "lia"),
    ("*li*", "lib xli", "abc"),
    ("*ar*b*", "earbud", "brad"),
    ("*ca", "abcaca aca", "acad"),
    (r"a\*", "a*", "ab aab"),
    (r"a\*b", "a*b", "ab axb"),
    (r"a\\b", r"a\b", "ab"),
    ("*[or]?", "fork orb", "one"),
    ("s[a-f]t", "set", "sit"),
    ("s[!a-f]t", "sit", "set"),
    ("s[^a-f]t", "sit", "set"),
    ("x[]]y", "x]y", "xy x-y"),
    ("x[]-]y", "x-y x]y", "xay"),
    ("x[]b-]y", "x]y x-y xby", "xay"),
    ("]", "]", "["),
    ("lib/**/a", "lib/a lib/x/a lib/x/y/a", "liba lib/b"),
    ("lib/**/**/a", "lib/a lib/x/a lib/x/y/a", "lib/b"),
    ("lib?a", "libxa", "lib/a"),
    ("lib[!x]a", "libya", "lib/a libxa"),
    ("l[^eio][^eio]a", "lxya", "lexa l/xa"),
    ("**/lib", "lib x/lib x/y/lib", "xlib"),
    ("*/lib", "x/lib", "lib x/y/lib"),
    ("**/a*", "a/b/ab ax ab", "b a/x"),
    ("**/a/*", "x/a/b a/b", "a/b/c x/y/a/b/c"),
    ("**/a/*/*", "x/a/b/c", "x/a/b"),
    ("**/a/**", "x/a/b x/a/b/c a/b", "a x/a"),
    ("a/**", "a/b a/b/c", "a b/a"),
    ("*/*/*", "a/b/c", "a/b a/b/c/d"),
    ("**/a/**/*/x.md", "q/a/b/x.md q/a/b/c/x.md", "q/a/x.md"),
    ("[a-c]b*", "abc cb", "dbc db"),
    ("[!]]", "a", "]"),
    ("[]-]", "] -", "a"),
    (r"[\-^]", "^ -", "["),
    (r"[\\]", "\\", "["),
    (r"[!\\]", "a", "\\"),
    (r"[a\-c]", "a - c", "b"),
    ("[a-]", "a -", "b"),
    ("[-a]", "a -", "b"),
    ("[!-a]", "b", "- a"),
    ("[--A]", "- 5 A", "a"),
    ("[ --]", "- $", "0"),
    ("[,]", ",", "."),
    (r"[\\,]", ", \\", "."),
    (r"-*-*-*-*-*-*-12-*-*-*-m-*-*-*", "-a-b-c-d-e-f-12-x-y-p-m-i-j-1", "-a-b-c-d-e-f-12-x-y-p-q-i-j-1"),
    ("**/*a*b*g*n*t", "abcd/abcdefg/abcdefghijk/abcdefghijklmnop.txt", "abcd/abcdefg/abcdefghijklmnop.txz"),
    ("*X*i", "aXbi", "ab/cXd/efXg/hi"),
    ("*/*X*/*/*i", "ab/cXd/efXg/hi", "ab/cd/efXg/hi"),
    ("**/*X*/**/*i", "ab/cXd/efXg/hi", "ab/cd/ef"),
    ("[[:alpha:]][[:digit:]][[:upper:]]", "a1B", "a1b aaB"),
    ("[[:digit:][:upper:][:space:]]", "A 1", "a ."),
    ("[[:xdigit:]]", "5 f D", "g"),
    ("[a-c[:digit:]x-z]", "5 b y", "q"),
    ("[[:alnum:][:punct:]]", "a , ]", "aa"),
    (r"[\[:]", "[ :", r"\ a"),
    ("[[:]ab]", "[ab] :ab]", "ab a"),
    (r"[[:digit\]]x", "[x :x dx ]x", "1x"),
    (r"[\1-\3]", "2", "0 4"),
    (r"[[-\]]", r"[ \ ]", "^ Z"),
    ("[A-Z]", "B", "b"),
    ("[B-Za]", "a", "A b"),
    ("?", "a", "é"),
    ("??", "é ab", "a"),
]


@pytest.mark.parametrize(("text", "inside", "outside"), WILDMATCH, ids=[row[0] for row in WILDMATCH])
def test_the_situations_of_gits_own_table(listing: Listing, text: str, inside: str, outside: str) -> None:
    """git, our reading, the guard and the table agree; what is refused at all stands in `test_pattern.py`."""
    one = parse(text)
    paths = [*inside.split(" "), *outside.split(" ")]
    for path in map(str.encode, paths):
        listing.hold([path])
        assert bool(listing.lists(pathspec.of(one))) is (path.decode() in inside.split(" ")), path
        assert matches(one, path) is (path.decode() in inside.split(" ")), path
        assert listing.guard_finds("outside", one) == listing.lists() - listing.lists(pathspec.of(one)), path


@pytest.mark.parametrize("name", ["alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
                                  "space", "upper", "xdigit"])  # fmt: skip
@pytest.mark.parametrize("form", ["[[:{}:]]", "[^[:{}:]]", "[z[:{}:]-]"])
def test_a_class_holds_the_bytes_that_it_holds_for_git(listing: Listing, name: str, form: str) -> None:
    """Every byte that a name can be is asked."""
    names = [bytes([byte]) for byte in range(1, 256) if bytes([byte]) not in b"/."]
    one = parse(form.format(name))
    listing.hold(names)

    assert listing.lists(pathspec.of(one)) == {found for found in names if matches(one, found)}
