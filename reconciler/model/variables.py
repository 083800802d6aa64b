"""How a text names a variable of the environment, `{env:NAME}`; its value is put in as late as possible."""

from __future__ import annotations

import re

ENVIRONMENT = re.compile(r"\{env:([^{}]*)\}")
