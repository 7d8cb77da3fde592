# Everything runs in an environment of the project's own; PYTHON may be any Python from 3.10 on.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# The scripts of the pages; their types are checked if TypeScript's tsc is installed.
PAGES = src/readout/workbench/page src/readout/workbench/annotate/page

# The tests start hundreds of processes; without this, each compiles every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: dataset test check docs site lint clean

dataset: $(VENV)/installed
	$(BIN)/python build_dataset.py

test: $(VENV)/installed-test
	$(BIN)/python -m pytest -q -n auto --dist worksteal $(PYTEST_OPTIONS)

check: $(VENV)/installed
	$(BIN)/readout check

docs: $(VENV)/installed
	$(BIN)/python -m readout.cli.pages

site: $(VENV)/installed-site
	$(BIN)/python docs/site/build.py

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v tsc > /dev/null; then for page in $(PAGES); do tsc -p $$page || exit 1; done; fi

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	touch $@ $(VENV)/installed

$(VENV)/installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@ $(VENV)/installed $(VENV)/installed-test

$(VENV)/installed-site: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[site]"
	touch $@ $(VENV)/installed

clean:
	rm -rf build dist $(VENV)
