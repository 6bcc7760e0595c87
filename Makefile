# `make demo` and `make test` need Python >= 3.11 (with venv) and make; they install the rest into $(VENV).
# Each check is written down once, here: .pre-commit-config.yaml and .ci/run call these targets.

VENV ?= .venv
BIN := $(VENV)/bin
REDUCED := tests/laws tests/kernels

.DEFAULT_GOAL := help
.PHONY: help demo gate test test-jit-off test-bounds coverage check lint format-check types contracts generated generate format clean

help: ## say what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 20

# --- environments: renewed when what they are made of changes ---

$(VENV)/.base: pyproject.toml scripts/environment
	@scripts/environment $(VENV) base
	@echo "make: compiling the kernels, once: a minute or two ..."
	@$(BIN)/edgeecg warmup
	@touch $@

$(VENV)/.dashboard: $(VENV)/.base
	@scripts/environment $(VENV) dashboard
	@touch $@

$(VENV)/.dev: pyproject.toml scripts/environment
	@scripts/environment $(VENV) dev
	@touch $@ $(VENV)/.base $(VENV)/.dashboard

# --- the two commands ---

demo: $(VENV)/.base $(if $(DASHBOARD),$(VENV)/.dashboard) ## a simulated heart, the daemon, its broker, a subscriber; DASHBOARD=1 serves the page too
	@$(BIN)/edgeecg demo $(if $(DASHBOARD),--dashboard)

gate: $(VENV)/.dev ## is a change slow? a few things beside a yardstick, against what was accepted (benchmarks/baselines)
	@$(BIN)/edgeecg warmup
	@$(BIN)/python -m benchmarks.gate

# The full run comes last, so that pytest's own closing line is the last line; a run that fails ends it there.
test: $(VENV)/.dev ## the suite; before it, kernels and laws uncompiled and bounds-checked, side by side
	@scripts/side_by_side '$(MAKE) --no-print-directory test-jit-off' '$(MAKE) --no-print-directory test-bounds'
	@echo "--- everything, compiled ---"
	@$(BIN)/edgeecg warmup
	@$(BIN)/python -m pytest

test-jit-off: $(VENV)/.dev
	@echo "--- kernels and laws, uncompiled ---"
	@NUMBA_DISABLE_JIT=1 EDGEECG_EXAMPLES=reduced $(BIN)/python -m pytest $(REDUCED)

test-bounds: $(VENV)/.dev
	@echo "--- kernels and laws, bounds-checked ---"
	@NUMBA_BOUNDSCHECK=1 EDGEECG_EXAMPLES=reduced $(BIN)/python -m pytest $(REDUCED)

coverage: $(VENV)/.dev ## what the suite reaches, kernels included: they are measured uncompiled
	@$(BIN)/coverage erase
	@NUMBA_DISABLE_JIT=1 EDGEECG_EXAMPLES=reduced $(BIN)/coverage run -m pytest $(REDUCED)
	@$(BIN)/coverage run -m pytest
	@$(BIN)/coverage combine -q && $(BIN)/coverage report

# --- checks ---

check: lint format-check types contracts generated ## style, types, import contracts, generated files

lint: $(VENV)/.dev
	@$(BIN)/ruff check .

format-check: $(VENV)/.dev
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev
	@$(BIN)/mypy

contracts: $(VENV)/.dev
	@$(BIN)/lint-imports

generated: $(VENV)/.dev
	@$(BIN)/python -m edgeecg_wire.generate --check

generate: $(VENV)/.dev ## write what is generated: the wire format's Python, C and vectors
	@$(BIN)/python -m edgeecg_wire.generate

format: $(VENV)/.dev ## put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## remove the environment and every cache in the tree
	rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
