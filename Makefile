# make run   set up what is missing, then serve on http://$(HOST):$(PORT)
# make test  everything: layers, types, style, tests on SQLite and PostgreSQL, a real browser

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
HEADSTART_INSTANCE ?= $(CURDIR)/instance
export HEADSTART_INSTANCE

.PHONY: run test setup setup-dev messages wheel clean

run: setup
	@HEADSTART_BASE_URL="$${HEADSTART_BASE_URL:-}" $(BIN)/headstart init $(if $(HEADSTART_BASE_URL),,--base-url http://$(HOST):$(PORT))
	@$(BIN)/headstart course publish --bundled
	@test -e "$(HEADSTART_INSTANCE)/demo.json" || tools/demo-once "$(BIN)" "$(HEADSTART_INSTANCE)"
	@exec $(BIN)/headstart serve --host $(HOST) --port $(PORT)

setup: $(VENV)/.run
setup-dev: $(VENV)/.dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: setup.cfg pyproject.toml babel.cfg $(wildcard headstart_lms/translations/*/LC_MESSAGES/*.po) | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[postgres,pdf]'
	@$(BIN)/python tools/messages.py compile
	@touch $@

$(VENV)/.dev: setup.cfg pyproject.toml | $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[postgres,pdf,dev]'
	@touch $@

test: setup-dev
	@tools/test "$(BIN)"

messages: setup-dev
	@$(BIN)/python tools/messages.py update

wheel: setup-dev
	@$(BIN)/python tools/messages.py compile
	@$(BIN)/python -m build --wheel

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
