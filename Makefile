# The commands of the product: each sets up what it needs.
#   make run       everything on this machine; PORT, HOST and addresses of given services by environment
#   make cluster   a Kubernetes with Kueue and pretended GPU nodes; CLUSTER_ARGS="--nodes 1000"
#   make test      lint and all tests; PYTEST_ARGS="tests/compute -q" for some of them
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
STAMP := .venv/.made-from-lock
BENCH_ARGS ?=
CLUSTER_ARGS ?=
FUZZ_EXAMPLES ?= 200
FAULTS ?= 450
KILLS ?= 50

.DEFAULT_GOAL := help
.PHONY: help setup run cluster test lint bench browser fuzz faults

help:
	@echo "make run       start everything, print the address, stop with Ctrl-C"
	@echo "make cluster   start a Kubernetes with Kueue and pretended GPU nodes, stop with Ctrl-C"
	@echo "make test      lint and run all tests that this machine can run"
	@echo "make lint      check style, imports and their directions"
	@echo "make bench     measure, and print a table"
	@echo "make fuzz      send generated requests for long, FUZZ_EXAMPLES to each address"
	@echo "make faults    break what is between us and a cluster FAULTS times, kill processes KILLS times"
	@echo "make browser   install a Chromium for the browser tests (Debian)"

setup: $(STAMP)

$(STAMP): pyproject.toml uv.lock deploy/bootstrap.txt deploy/setup
	@deploy/setup
	@touch $@

run: setup
	@exec $(BIN)/python -m portal.local run

cluster: setup
	@exec $(BIN)/python -m portal.local.cluster $(CLUSTER_ARGS)

test: lint
ifdef PYTEST_ARGS
	@$(BIN)/python -m pytest $(PYTEST_ARGS)
else
	@$(BIN)/python -m pytest tests --ignore=tests/browser -n 2 --dist loadfile -q -rs
	@$(BIN)/python -m pytest tests/browser -q -rs
endif

lint: setup
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

fuzz: setup
	@FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest tests/fuzz -q

faults: setup
	@FAULTS=$(FAULTS) KILLS=$(KILLS) $(BIN)/python -m pytest tests/faults -q -s

browser:
	@deploy/browser
