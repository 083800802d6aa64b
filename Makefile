# make demo   see it work, in a scratch clone of this repository
# make test   everything that must hold before a commit
# make bench  ratios and counts; judges nothing; PAR=.../par adds par-cli to what is lost
# make faults the long fault campaign, hours; SEED=7 repeats the one that printed FAULTS_SEED=7
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

unit: .venv/.developed
	$(BIN)/python -m pytest -n auto --no-skip

bench: .venv/.developed
	$(BIN)/python -m tests.benchmarks

faults: .venv/.developed
	FAULTS_LONG=1 FAULTS_SEED=$(SEED) $(BIN)/python -m pytest -n auto --no-skip --timeout=7200 tests/faults

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
