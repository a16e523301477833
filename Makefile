# From nothing but Python >= 3.11, pip and make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test test-all lint setup docs lock

run: setup
	$(BIN)/bellwether run

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools uv
	PYTHONPATH=.tools $(PYTHON) -m uv venv --quiet --clear --no-python-downloads --python $(PYTHON) .venv
	PYTHONPATH=.tools $(PYTHON) -m uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	PYTHONPATH=.tools $(PYTHON) -m uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest -q -n 2 --dist loadgroup

test-all: lint
	$(BIN)/pytest -q -n 2 --dist loadgroup -m ""

docs: setup
	$(BIN)/python -m bot.docs
	$(BIN)/python -m bot.commentary.catalogue

lock:
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools uv
	PYTHONPATH=.tools $(PYTHON) -m uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -o requirements.lock
