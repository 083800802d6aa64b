"""Several files to one document: the manifest, what it includes, and `orchestra.local.yaml` last.

The rule: an included file adds `modules` and `worktrees` and can replace nothing; the local file may replace anything
but `include`. Every node keeps the place it was written at.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from reconciler.errors import Location, ManifestError
from reconciler.manifest import grammar, source
from reconciler.manifest.nodes import ListNode, MapNode, Node, ScalarNode
from reconciler.manifest.problems import Problems, nearest, quote
from reconciler.manifest.reader import Reader
from reconciler.model.variables import ENVIRONMENT

LOCAL_FILE = "orchestra.local.yaml"
_INCLUDED_KEYS = ("modules", "worktrees")


@dataclass(slots=True)
class Merger:
    """Reads and merges; `sources` and `digest` tell what was read."""

    reader: Reader
    problems: Problems
    sources: list[str] = field(default_factory=list)
    _contents: list[bytes] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Sha256 of the bytes of all sources."""
        return hashlib.sha256(b"".join(self._contents)).hexdigest()

    def merge(self, label: str) -> MapNode:
        """Read the manifest and all that belongs to it.

        Raises:
            ManifestError: the manifest itself cannot be read.
        """
        content = self._read(label, None)
        if content is None:
            raise _failure(f"there is no {label}", None, "make one with `orchestra init`, or name one with `--file`")
        root = self._parse(content, label)
        if root is None:
            raise _failure("the file is empty", Location(label, 1, 1), "write `worktrees: {}` for none")
        for included in self._included(root, label):
            root = _add(root, included, self.problems)
        return self._merge_local(root, str(PurePosixPath(label).with_name(LOCAL_FILE)), label)

    def _merge_local(self, root: MapNode, local_label: str, label: str) -> MapNode:
        content = self._read(local_label, None) if local_label != label else None
        local = self._try_parse(content, local_label) if content is not None else None
        if local is None:
            return root
        if "include" in local.entries:
            self.problems.add(
                f"`include` cannot stand in {LOCAL_FILE}", local.keys["include"], "write it in the manifest"
            )
        return _overlay(root, local)

    def _read(self, label: str, where: Location | None) -> bytes | None:
        try:
            return self.reader.read(label, source.MOST_BYTES + 1)
        except OSError as error:
            place = where or Location(label, 1, 1)
            raise _failure(
                f"{quote(label)} cannot be read: {error.strerror or error}", place, "check the file"
            ) from error

    def _parse(self, content: bytes, label: str) -> MapNode | None:
        self.sources.append(label)
        self._contents.append(content)
        return source.read(content, label, self.problems)

    def _try_parse(self, content: bytes, label: str) -> MapNode | None:
        try:
            return self._parse(content, label)
        except ManifestError as error:
            self.problems.add_from(error)
            return None

    def _included(self, root: MapNode, label: str) -> list[MapNode]:
        found: list[MapNode] = []
        for pattern in _texts(root.entries.get("include")):
            for path in self._paths(pattern):
                if path in {label, str(PurePosixPath(label).with_name(LOCAL_FILE))}:
                    self.problems.add(f"{quote(path)} would include itself", pattern.where, "choose a narrower pattern")
                elif path not in self.sources:
                    found += self._include(path, pattern.where)
        return found

    def _paths(self, pattern: ScalarNode) -> tuple[str, ...]:
        text = pattern.text
        fault = grammar.file_path_fault(text)
        if fault or "**" in text or ENVIRONMENT.search(text):
            reason = fault.message if fault else "it holds `**`" if "**" in text else "`{env:…}` cannot stand here"
            hint = fault.hint if fault else "name the directories one by one"
            self.problems.add(f"{quote(text)} cannot be included: {reason}", pattern.where, hint)
            return ()
        if any(character in text for character in "*?["):
            return self._matching(pattern)
        return (text,)

    def _matching(self, pattern: ScalarNode) -> tuple[str, ...]:
        try:
            return tuple(self.reader.glob(pattern.text))
        except OSError as error:
            message = f"{quote(pattern.text)} cannot be read: {error.strerror or error}"
            self.problems.add(message, pattern.where, "name files of the repository")
            return ()

    def _include(self, path: str, where: Location) -> list[MapNode]:
        try:
            content = self._read(path, where)
        except ManifestError as error:
            self.problems.add_from(error)
            return []
        if content is None:
            self.problems.add(
                f"there is no {quote(path)} to include", where, "write the path from the root of the repository"
            )
            return []
        root = self._try_parse(content, path)
        return [self._without_foreign_keys(root)] if root else []

    def _without_foreign_keys(self, root: MapNode) -> MapNode:
        for key in root.entries.keys() - {"version", *_INCLUDED_KEYS}:
            hint = (
                nearest(key, _INCLUDED_KEYS)
                or "move it to the manifest; an included file has `modules` and `worktrees`"
            )
            self.problems.add(f"{quote(key)} cannot stand in an included file", root.keys[key], hint)
        kept = {key: node for key, node in root.entries.items() if key in _INCLUDED_KEYS}
        return _map(root, kept, dict(root.keys))


def _texts(node: Node | None) -> list[ScalarNode]:
    nodes = node.items if isinstance(node, ListNode) else (node,)
    return [item for item in nodes if isinstance(item, ScalarNode) and isinstance(item.value, str)]


def _map(like: MapNode, entries: dict[str, Node], keys: dict[str, Location]) -> MapNode:
    return MapNode(entries, keys, like.where, flow=like.flow, size=like.size, depth=like.depth)


def _add(root: MapNode, included: MapNode, problems: Problems) -> MapNode:
    """Add what an included file declares; a name that is declared already is a problem."""
    entries, keys = dict(root.entries), dict(root.keys)
    for section, addition in included.entries.items():
        present = entries.get(section)
        if not isinstance(present, MapNode) or not isinstance(addition, MapNode):
            entries[section] = addition if not isinstance(present, MapNode) else present
            keys.setdefault(section, included.keys[section])
            _refuse_other_types(section, addition, included, problems)
            continue
        for name in addition.entries.keys() & present.entries.keys():
            message = f"{quote(name)} is declared twice, first at {present.keys[name]}"
            problems.add(message, addition.keys[name], "remove one of them, or give it another name")
        entries[section] = _in_order(present, addition)
    return _map(root, entries, keys)


def _in_order(first: MapNode, second: MapNode) -> MapNode:
    added = {name: node for name, node in second.entries.items() if name not in first.entries}
    keys = {name: place for name, place in second.keys.items() if name not in first.keys}
    return _map(first, {**first.entries, **added}, {**first.keys, **keys})


def _refuse_other_types(section: str, node: Node, file: MapNode, problems: Problems) -> None:
    if not isinstance(node, MapNode) and not (isinstance(node, ScalarNode) and node.value is None):
        problems.add(f"`{section}` must be a mapping", file.keys[section], "indent `name:` lines below it")


def _overlay(base: MapNode, over: MapNode) -> MapNode:
    """Merge deeply: mappings are joined, lists and single values replaced; nothing replaces a mapping."""
    entries, keys = dict(base.entries), dict(base.keys)
    for key, node in over.entries.items():
        present = entries.get(key)
        if isinstance(present, MapNode) and isinstance(node, ScalarNode) and node.value is None:
            continue
        entries[key] = _overlay(present, node) if isinstance(present, MapNode) and isinstance(node, MapNode) else node
        keys[key] = over.keys[key]
    return _map(base, entries, keys)


def _failure(message: str, where: Location | None, hint: str) -> ManifestError:
    problems = Problems()
    problems.add(message, where, hint)
    return ManifestError(tuple(problems.found))
