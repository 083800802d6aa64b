"""How names nest, read from the names alone.

`workspace:auth--test` lies in `auth`; `file:auth/SESSION.md` lies in the tree of `auth`; and what stands on a helper's
desk, `file:auth/.sub-agents/test/CONTRACT.md`, belongs to the helper although its parent's tree holds it.
The order of a plan, `--target` and the order of removals all follow from this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from reconciler.model.address import Address

SEPARATOR = "--"
_DESK = ".sub-agents/"

Place = tuple[str, ...]
NaturalKey = tuple[tuple[int, int, str, str], ...]


def place_of(address: Address) -> Place:
    """Name the workspace that an address belongs to, outermost first: `("auth", "test")`."""
    tree, _, rest = address.name.partition("/")
    helpers = []
    while rest.startswith(_DESK) and "/" in rest.removeprefix(_DESK):
        helper, _, rest = rest.removeprefix(_DESK).partition("/")
        helpers.append(helper)
    return (*tree.split(SEPARATOR), *helpers)


def is_part(address: Address) -> bool:
    """Whether it lies in a tree, as a file does, and is not the thing itself."""
    return "/" in address.name


def natural_key(address: Address, kind_order: Sequence[str] = ()) -> NaturalKey:
    """Sort a workspace before what lies in it, and that before its helpers.

    Args:
        address: what is sorted.
        kind_order: kinds in the order in which they stand on each other; others follow by name.
    """
    rank = kind_order.index(address.kind) if address.kind in kind_order else len(kind_order)
    here = (0, is_part(address) * (len(kind_order) + 1) + rank, address.kind, address.name)
    return (*((1, 0, segment, "") for segment in place_of(address)), here)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest names, of the same kind where the word names one; empty when nothing is near."""
    kind, colon, name = word.rpartition(":")
    names = {each.removeprefix(kind + colon): each for each in known if each.startswith(kind + colon)}
    near = [names[match] for match in get_close_matches(name, sorted(names), n=3)]
    return f"did you mean {' or '.join(f'`{each}`' for each in near)}?" if near else ""
