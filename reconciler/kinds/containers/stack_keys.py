"""What a stack can express of a service, what says nothing to it and is left out, what it cannot express. Tables only.

They are those of `docker stack deploy`, which ignores with a line that nobody reads what changes how a service works.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

TAKEN = frozenset(
    {
        *("cap_add", "cap_drop", "command", "configs", "credential_spec", "deploy", "dns", "dns_search", "entrypoint"),
        *("environment", "extra_hosts", "healthcheck", "hostname", "image", "init", "isolation", "labels", "logging"),
        *("networks", "ports", "read_only", "secrets", "stdin_open", "stop_grace_period", "stop_signal", "sysctls"),
        *("tmpfs", "tty", "ulimits", "user", "volumes", "working_dir"),
    }
)
DROPPED = frozenset(
    {
        *("attach", "container_name", "depends_on", "develop", "env_file", "expose", "extends", "label_file"),
        *("profiles", "pull_policy", "restart", "scale"),
    }
)
"""Names are given here; the engine's `config` puts files in; `restart` and `scale` become part of `deploy`."""

_LIMITS = "say it in `deploy: {resources: {limits: …}}`"
_RESERVATIONS = "say it in `deploy: {resources: {reservations: …}}`"
_OVERLAY = "services of a stack reach each other by their names"
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "build": "build and push the image, and name it: `image: …`",
        "links": _OVERLAY,
        "external_links": _OVERLAY,
        "network_mode": "name a network: `networks: …`; for the host's `networks: {host: {external: true}}`",
        "privileged": "say which of it is needed: `cap_add: […]`",
        "restart": "say it in `deploy: {restart_policy: …}`",
        "mem_limit": _LIMITS,
        "memswap_limit": _LIMITS,
        "cpus": _LIMITS,
        "cpu_quota": _LIMITS,
        "cpu_period": _LIMITS,
        "cpu_count": _LIMITS,
        "cpu_percent": _LIMITS,
        "cpu_shares": _RESERVATIONS,
        "cpuset": _LIMITS,
        "pids_limit": _LIMITS,
        "mem_reservation": _RESERVATIONS,
        "devices": "keep such a service on Docker: `engine: docker`",
        "gpus": "say it in `deploy: {resources: {reservations: {generic_resources: …}}}`",
        "volumes_from": "name a volume that both have: `volumes: …`",
        "shm_size": "mount it: `volumes: [{type: tmpfs, target: /dev/shm, tmpfs: {size: …}}]`",
    }
)
"""With a way out that is worth saying; all else that is not in the other tables is refused with a general one."""
ELSEWHERE = "take it out, or keep the service on Docker: `engine: docker`"
