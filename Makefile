# `make run` and `make test` need nothing but Python 3.11, 3.12 or 3.13 and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The lock files name every package: a newer release of one of them must not enter the resolver.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
TESTS ?= tests
# Tracing takes two thirds more time: `make coverage` does it, the others do not.
PYTEST := $(BIN)/$(if $(TRACE),coverage run -m ,)pytest

export PYTHONDONTWRITEBYTECODE ?=

.DEFAULT_GOAL := help
.PHONY: help run password test lint test-services test-browser test-faults faults-here faults-servers bench lock coverage screenshots clean

help:  ## List what make can do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(VENV)/.runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "The portal needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing what the portal needs (once, half a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "Python cannot make a virtual environment. On Debian: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	@$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.development: $(VENV)/.runtime requirements-dev.txt
	@echo "Installing what the tests need (once) ..."
	@$(PIP_INSTALL) -r requirements.txt -r requirements-dev.txt
	@touch $@

run: $(VENV)/.runtime  ## Start the portal here: web, worker, beat
	@exec $(BIN)/python -m portal.run

password: $(VENV)/.runtime  ## Set a new password for the first administrator
	@$(BIN)/python manage.py new_password --text

lint: $(VENV)/.development  ## Lint, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: lint  ## Lint and the tests that need neither servers nor a browser
	$(PYTEST) $(TESTS) -m "not services and not browser and not faults"

# The pure floors know neither, so their tests are not run once more.
test-services: $(VENV)/.development  ## The same tests on PostgreSQL and Redis
	$(BIN)/python -m tests.servers $(PYTEST) $(TESTS) -m "not browser and not faults" \
	  --ignore=tests/rules --ignore=tests/exact --ignore=tests/sandbox

test-browser: $(VENV)/.development  ## The pages in an installed Chromium
	$(PYTEST) $(TESTS) -m browser

# They mostly wait, so both turns wait at the same time; each prints what it has to say when it ends.
test-faults: $(VENV)/.development  ## Processes that are killed, clocks that are off: minutes, on SQLite and on servers
	@$(MAKE) --no-print-directory -j 2 -O faults-here faults-servers

faults-here: $(VENV)/.development
	$(PYTEST) tests/faults -m "not services"

faults-servers: $(VENV)/.development
	$(BIN)/python -m tests.servers $(PYTEST) tests/faults -m services

coverage: $(VENV)/.development  ## make test, traced: what the tests ran, and what not
	$(BIN)/coverage erase
	@$(MAKE) --no-print-directory test TRACE=yes
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

bench: $(VENV)/.development  ## Speed, as ratios to a floor measured in the same run
	$(BIN)/python -m tests.bench

screenshots: $(VENV)/.development  ## Draw docs/screenshots anew
	$(BIN)/pytest tests/browser/test_screenshots.py -m browser --screenshots docs/screenshots

lock: $(VENV)/.development  ## Compile the two lock files from their .in files
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" -o requirements.txt requirements.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" -o requirements-dev.txt requirements-dev.in

clean:  ## Remove what tools left; never var/
	rm -rf $(VENV) .coverage* .mypy_cache .ruff_cache .pytest_cache test-results
