.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# Processes of a test run; each starts a cluster of its own.
WORKERS ?= 2
EXTRAS := --extra profiles --extra matching --extra sessions --extra notifications --extra embedded --extra dev

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

.venv/.installed: requirements.lock pyproject.toml
	@echo "Installing into .venv (first time: a few minutes)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# Again when its sources have changed: otherwise the first plan would wait for it.
.venv/.compiled: .venv/.installed $(wildcard services/matching/engine/*.py)
	@echo "Compiling the matching engine (once, half a minute)"
	@$(BIN)/python -c "import services.matching.planning, services.matching.engine.assign"
	@touch $@

venv: .venv/.compiled ## make .venv from the lock

lock: ## resolve pyproject.toml into requirements.lock
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-header --universal --python-version 3.11 $(EXTRAS) pyproject.toml -o requirements.lock

docs: .venv/.installed ## write all generated documents: API, events, settings, metrics
	@$(BIN)/rapport openapi
	@$(BIN)/rapport asyncapi
	@$(BIN)/rapport settings

lint: .venv/.installed ## style, types and architecture
	@echo "ruff check"; $(BIN)/ruff check --quiet .
	@echo "ruff format"; $(BIN)/ruff format --quiet --check .
	@echo "mypy"; $(BIN)/mypy --no-error-summary
	@echo "lint-imports"; $(BIN)/lint-imports --no-logo > .venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }

test: lint .venv/.compiled ## everything that proves the product (embedded cluster; WORKERS=2; PYTEST_ARGS for pytest)
	@$(BIN)/python -m deploy.local.kafka_home
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder $(PYTEST_ARGS)

faults: .venv/.installed ## random kills and freezes under load, about 6 minutes (SEED=, FAULTS=, EVENTS=)
	@SEED=$(SEED) FAULTS=$(FAULTS) EVENTS=$(EVENTS) exec $(BIN)/python -m tests.faults.long

bench-pipeline: .venv/.installed ## how fast events pass, against bare loops: JSON lines (BENCH_ARGS="--only ac --runs 5")
	@$(BIN)/python -m benchmarks.pipeline $(BENCH_ARGS)

bench-matching: .venv/.installed ## how fast the matching engine is, beside its peers: JSON lines (FULL=1 for all cases)
	@FULL=$(FULL) $(BIN)/python -m benchmarks.matching

demo: .venv/.compiled ## play the story: an HR change rematches, a silent pair is escalated, two processes are killed
	@$(BIN)/python -m deploy.local.kafka_home
	@exec $(BIN)/python -m examples.acme.story $(DEMO_ARGS)

up: .venv/.compiled ## the platform on this machine until Ctrl-C; its data stays in .rapport/
	@exec $(BIN)/python -m deploy.local.supervisor up

clean: .venv/.installed ## forget the data of `make up`
	@exec $(BIN)/python -m deploy.local.supervisor clean

.PHONY: help venv lock docs lint test demo bench-pipeline bench-matching faults up clean
