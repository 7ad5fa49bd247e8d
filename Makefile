# make run    set up what is missing, then serve on http://$(HOST):$(PORT); Ctrl-C ends it
# make test   everything: layers, types, style, tests on SQLite and PostgreSQL, a real browser; ARGS= for pytest
# make wheel  dist/*.whl;   make messages  refresh the catalogues of the interface;   make clean

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
HEADSTART_INSTANCE ?= $(CURDIR)/instance
export HOST PORT HEADSTART_INSTANCE

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PACKAGING := setup.cfg setup.py pyproject.toml
CATALOGUES := $(wildcard headstart_lms/translations/*/LC_MESSAGES/*.po)

.PHONY: run test setup setup-dev messages wheel clean

run: setup
	@exec tools/run "$(BIN)"

test: setup-dev
	@exec tools/test "$(BIN)" $(ARGS)

setup: $(VENV)/.run $(VENV)/.catalogues
setup-dev: $(VENV)/.dev $(VENV)/.catalogues

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11, or name it: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@echo "making the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(PACKAGING) | $(BIN)/python
	@echo "installing (a minute or two, the first time only)"
	@$(PIP) -e '.[postgres,pdf]'
	@touch $@

$(VENV)/.dev: $(PACKAGING) | $(VENV)/.run
	@echo "installing what the tests need"
	@$(PIP) -e '.[postgres,pdf,analytics,dev]'
	@touch $@

$(VENV)/.catalogues: $(CATALOGUES) | $(VENV)/.run
	@$(BIN)/python tools/messages.py compile
	@touch $@

messages: setup-dev
	@$(BIN)/python tools/messages.py update

# an old build folder would bring deleted files into the wheel
wheel: setup-dev
	@rm -rf build
	@$(BIN)/python -m build --wheel

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
