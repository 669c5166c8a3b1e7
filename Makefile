# hoso-sync: everything a person runs. `make help` lists it.
PYTHON ?= python3
CASES ?= 20000
SEED ?= 1
TEST_WORKERS ?= 2
BIN := .venv/bin
READY := .venv/.ready
BENCH_PEERS := .venv-bench/.ready

export PREFECT_HOME ?= $(CURDIR)/data/prefect
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-full check fix ui serve bench docs clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## sandbox, daily flow, and what it found: CASES=20000 SEED=1 [REPAIR=1]
	@$(BIN)/python -m flows.demo --cases $(CASES) --seed $(SEED) $(if $(REPAIR),--repair)

test: $(READY) ## the tests, a file at a time on each of TEST_WORKERS=2 processes
	@$(BIN)/python -m pytest -m "not full" -n $(TEST_WORKERS) --dist loadfile

test-full: $(READY) ## the tests with the big profiles
	@HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest

check: $(READY) ## linters, types, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fix: $(READY) ## let the linters repair what they can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

ui: $(READY) ## the Prefect UI over the runs so far, on port 4200
	@$(BIN)/prefect server start --host 127.0.0.1 --port 4200

serve: $(READY) ## server, sandbox and scheduled deployments, for trying; stop with Ctrl-C
	@$(BIN)/python -m flows.serve --cases $(CASES) --seed $(SEED)

$(BENCH_PEERS): benchmarks/requirements.txt
	@echo "Setting up .venv-bench (once) ..."
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r benchmarks/requirements.txt
	@touch $@

bench: $(READY) $(BENCH_PEERS) ## measurements against peers and limits
	@$(BIN)/python -m benchmarks --help

clean: ## remove what was made: environments, data, caches
	rm -rf .venv .venv-bench data .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
