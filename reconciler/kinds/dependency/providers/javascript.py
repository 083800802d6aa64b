"""What the package managers of JavaScript have in common."""

from __future__ import annotations

import json

from reconciler.kinds.dependency.providers.provider import Place

NODE_MODULES = ("node_modules",)


def workspaces(place: Place) -> tuple[str, ...]:
    """The members that `package.json` declares."""
    try:
        declared = json.loads(place.read("package.json") or "{}").get("workspaces") or []
    except (ValueError, AttributeError):
        return ()  # the tool says it better
    listed = declared.get("packages") if isinstance(declared, dict) else declared
    patterns = [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []
    wanted = place.directories(text for text in patterns if not text.startswith("!"))
    return tuple(path for path in wanted if place.has(f"{path}/package.json"))
