"""Cargo: what is fetched is shared, what is built is each tree's own."""

from __future__ import annotations

from reconciler.kinds.dependency.providers.provider import Options, Place, Provider

_SETTINGS = ("rust-toolchain", "rust-toolchain.toml", ".cargo/config.toml", ".cargo/config")


def _members(place: Place) -> tuple[str, ...]:
    import tomllib  # noqa: PLC0415 - start-up

    try:
        workspace = tomllib.loads(place.read("Cargo.toml")).get("workspace")
    except tomllib.TOMLDecodeError:
        return ()  # the tool says it better
    listed = workspace.get("members") if isinstance(workspace, dict) else None
    patterns = [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []
    return tuple(path for path in place.directories(patterns) if place.has(f"{path}/Cargo.toml"))


def _settings(place: Place, _options: Options) -> tuple[str, ...]:
    return (*_SETTINGS, *(f"{member}/Cargo.toml" for member in _members(place)))


def _commands(_place: Place, _options: Options) -> tuple[tuple[str, ...], ...]:
    return (("cargo", "fetch", "--locked"),)


CARGO = Provider(
    name="cargo",
    program="cargo",
    how_to_get="install Rust, see rustup.rs",
    locks=("Cargo.lock",),
    manifests=("Cargo.toml",),
    settings=_settings,
    owns=("target",),
    is_built_later=True,
    commands=_commands,
    stale=r"lock file .* needs to be updated|cannot (?:create|update) the lock file",
    how_to_lock="cargo generate-lockfile",
    unreadable=r"failed to (?:parse lock file at|read file): \S*Cargo\.lock(?!.*lock file version)",
    how_to_begin_anew="cargo generate-lockfile",
    transient=r"spurious network error|failed to (?:download|fetch)",
)
