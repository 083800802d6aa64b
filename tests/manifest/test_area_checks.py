"""Which areas fit together, which doubts are told, and that many of them cost little."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.area_checks import AreaChecks
from reconciler.manifest.checks import comes_after
from reconciler.manifest.problems import Problems
from tests.support.manifests import complaints, declared, load_text


def doubts(text: str) -> list[str]:
    return [str(problem) for problem in load_text(text).warnings]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: {helpers: {x: {modify: src}, y: {modify: src, needs: x}}}", id="one needs the other"),
        pytest.param(
            "a: {helpers: {x: {modify: src}, y: {modify: lib, needs: x}, z: {modify: src, needs: y}}}",
            id="by way of a third",
        ),
        pytest.param("a: {helpers: {x: {modify: src}, y: }}", id="without an area it runs alone"),
        pytest.param("a: {helpers: {x: {modify: src, shared: N}, y: {modify: lib, shared: N}}}", id="both share it"),
        pytest.param(
            "a: {helpers: {x: {modify: [src, N], shared: N}, y: {modify: [lib, N], shared: N}}}",
            id="both share what is theirs",
        ),
        pytest.param("a: {helpers: {x: {modify: src, deny: src/y}, y: {modify: src/y}}}", id="what one denies itself"),
        pytest.param(
            "a: {helpers: {x: {modify: 'docs/*.md'}, y: {modify: 'docs/*/**'}}}", id="files and what is below"
        ),
        pytest.param("a: {helpers: {x: {modify: src/a}}}\n  b: {helpers: {x: {modify: src/a}}}", id="no siblings"),
        pytest.param("a: {modify: 'src/*.py', helpers: {x: {modify: 'src/test_*.py'}}}", id="narrower by name"),
        pytest.param("a: {modify: src, helpers: {x: {modify: src/, deny: lib}}}", id="the same with a slash"),
        pytest.param("a: {modify: src, deny: src/v, helpers: {x: {modify: src, deny: src/v}}}", id="denied in both"),
        pytest.param("a: {modify: src, deny: src/v, helpers: {x: }}", id="what a helper takes over"),
        pytest.param(
            "a: {modify: src, deny: src/v, shared: '**/N', helpers: {x: {modify: src/x, shared: '**/N'}}}",
            id="what is shared but for what is denied above",
        ),
        pytest.param("a: {modify: src}\n  b:", id="a worktree without an area"),
        pytest.param("a: {modify: src}\n  b: {modify: src, needs: a}", id="a worktree that comes later"),
        pytest.param("a: {modify: src}\n  b: {modify: src, base: a}", id="a worktree that starts from the other"),
    ],
)
def test_areas_fit_together(text: str) -> None:
    """Nothing is said of them."""
    assert complaints(f"worktrees:\n  {text}\n") == []
    assert doubts(f"worktrees:\n  {text}\n") == []


def test_worktrees_that_overlap_are_told_and_not_refused() -> None:
    """They are people's, and people merge."""
    text = "worktrees:\n  a: {modify: src/**}\n  b: {modify: '**/*.md'}\n  c: {modify: src/c}\n"

    overlaps = [doubt.partition(" overlap: ")[2] for doubt in doubts(text)]
    assert doubts(text)[0].startswith("orchestra.yaml:3:15: the areas of `b` and `a` overlap: ")
    assert overlaps == [
        "`src/.md` is in `**/*.md` and in `src/**` (orchestra.yaml:2:15)",
        "`src/c` is in `src/c` and in `src/**` (orchestra.yaml:2:15)",
        "`src/c/.md` is in `src/c` and in `**/*.md` (orchestra.yaml:3:15)",
    ]


@pytest.mark.parametrize(
    ("area", "is_told"),
    [
        pytest.param("modify: src, deny: src/**", True, id="all below"),
        pytest.param("modify: [src, 'docs/*'], deny: [src/**, docs]", True, id="all below one, and all of another"),
        pytest.param("modify: src, deny: src/*", False, id="not what is deeper"),
        pytest.param("modify: [src, 'docs/*.md'], deny: src/**", False, id="another is left"),
        pytest.param("modify: src", False, id="nothing is denied"),
    ],
)
def test_an_area_of_which_only_a_name_is_left_is_told(area: str, *, is_told: bool) -> None:
    """A path means all below it too: of a directory nothing is left that could be changed."""
    said = ["orchestra.yaml:2:"] if is_told else []
    told = doubts(f"worktrees:\n  a: {{{area}}}\n")
    assert [each[: len(said[0])] for each in told] == said
    assert all("`deny` takes out all that is below what `a` may modify" in each for each in told)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("modules: {m: /x}\nworktrees:\n  a: {modify: src, helpers: {h: {modify: $m/x}}}\n", id="module"),
        pytest.param(
            "worktrees:\n  a: {modify: [lib, ./x], helpers: {h: {modify: x/y}}}\n", id="pattern of the parent"
        ),
        pytest.param("worktrees:\n  a: {helpers: {h: {modify: src, needs: j}, i: {modify: src}}}\n", id="needs"),
        pytest.param(
            "worktrees:\n  a: {helpers: {h: {modify: src, needs: {}}, i: {modify: src}}}\n", id="needs of a type"
        ),
        pytest.param(
            "defaults: {shared: ./x}\nworktrees:\n  a: {helpers: {h: {modify: src}, i: {modify: src}}}\n", id="common"
        ),
    ],
)
def test_a_mistake_does_not_make_an_area_wrong(text: str) -> None:
    """What cannot be read for sure is not compared."""
    assert len(complaints(text)) == 2


def flat(count: int) -> str:
    """Each helper its own directory, all with two denies and a shared file."""
    helpers = "".join(f"      m{number}: {{modify: [src/m{number}/**]}}\n" for number in range(count))
    common = "defaults: {deny: ['**/vendor/**', '**/*.lock'], shared: ['**/CHANGELOG.md']}\n"
    return f"{common}worktrees:\n  a:\n    modify: [src/**]\n    helpers:\n{helpers}"


def deep(count: int) -> str:
    """A tenth are helpers, each with nine helpers of its own that match by name."""
    lines = ["worktrees:", "  a:", "    modify: src", "    helpers:"]
    for number in range(count // 10):
        lines += [f"      m{number}:", f"        modify: [src/m{number}/**, src/m{number}.py]", "        helpers:"]
        lines += [f"          h{n}: {{modify: 'src/m{number}/**/test_{n}_*.py'}}" for n in range(9)]
    return "\n".join(lines) + "\n"


def wild(count: int) -> str:
    """All match by the end of a name, anywhere."""
    helpers = "".join(f"      m{number}: {{modify: '**/*.m{number}_'}}\n" for number in range(count))
    return f"worktrees:\n  a:\n    modify: '**/*_'\n    helpers:\n{helpers}"


@pytest.mark.parametrize("shape", [flat, deep, wild])
def test_a_thousand_helpers_need_few_decisions(shape: Callable[[int], str], capsys: pytest.CaptureFixture[str]) -> None:
    """At most two for each area, and twice as many for twice as many: what is far apart is never compared."""
    counts = []
    for count in (250, 500, 1000):
        checks = AreaChecks(declared(shape(count)), comes_after, (), Problems())
        checks.run()
        assert checks.problems.found == checks.problems.doubts == []
        counts.append((checks.effort.decisions, checks.effort.steps))
    (small, _), (half, _), (whole, steps) = counts

    with capsys.disabled():
        sys.stderr.write(
            f"\n{shape.__name__}: {small}, {half}, {whole} decisions for 250, 500, 1000 helpers; {steps} steps\n"
        )
    assert whole <= 2 * 1001
    assert whole - half <= 2 * (half - small) + 2


def test_a_thousand_that_all_overlap_are_told_up_to_a_limit() -> None:
    """Comparing ends when there is more to tell than is shown."""
    helpers = "".join(f"      m{number}: {{modify: '**/m{number}/**'}}\n" for number in range(1000))
    with pytest.raises(ManifestError) as caught:
        load_text(f"worktrees:\n  a:\n    helpers:\n{helpers}")

    assert len(caught.value.problems) == 100


def test_a_manifest_that_is_costly_as_a_whole_is_refused() -> None:
    """Many decisions, each within bounds, are bounded together."""
    stars = "/".join("*" * 8)
    helpers = "".join(
        f"      m{n}: {{modify: '**/m{n}/{stars}', needs: [{f'm{n - 1}' if n else ''}]}}\n" for n in range(1000)
    )
    lines = complaints(f"worktrees:\n  a:\n    modify: '**/[m-n]*/{stars}'\n    helpers:\n{helpers}")

    assert lines[-2].endswith("is too costly to compare")
    assert len(lines) == 2
