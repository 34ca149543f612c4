# `make demo` and `make test` set up all they need; nothing else is needed first but Python and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
export PIP_NO_INPUT := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench quality up format docs lock clean

help:  ## show this
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "Tocsin needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "venv is missing; on Debian: apt-get install python3-venv"; rm -rf $(VENV); exit 2; }
	@touch $@

$(VENV)/.run: requirements/local.txt pyproject.toml | $(VENV)/.made
	@echo "installing what Tocsin runs on (once)"
	@$(PIP) install --quiet --require-hashes --requirement requirements/local.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "installing what its tests need (once)"
	@$(PIP) install --quiet --require-hashes --requirement requirements/dev.txt
	@touch $@

setup: $(VENV)/.run  ## install Tocsin into .venv

demo: $(VENV)/.run  ## start all, replay the seeds, show the ladder, stop all
	@$(BIN)/tocsin demo

up: $(VENV)/.run  ## start broker, Redis and the services until Ctrl-C
	@$(BIN)/tocsin up

test: $(VENV)/.dev  ## every test, on a real Kafka, Redis and Prometheus
	@PYTHON=$(BIN)/python sh scripts/setup-tests.sh
	@$(BIN)/python -m pytest

check: $(VENV)/.dev  ## lint, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

quality: $(VENV)/.dev  ## the coder's figures against their floors
	@$(BIN)/python -m tests.quality

bench: $(VENV)/.dev  ## speed, latency and memory, embedded and on Apache Kafka
	@PYTHON=$(BIN)/python sh scripts/setup-tests.sh
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.coder
	@$(BIN)/python -m tests.bench.hostile
	@$(BIN)/python -m tests.bench.ingest
	@$(BIN)/python -m tests.bench.push
	@$(BIN)/python -m tests.bench.dates
	@$(BIN)/python -m tests.bench.parse

format: $(VENV)/.dev  ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(VENV)/.dev  ## write the reference from the code
	@$(BIN)/python -m scripts.reference

lock: $(VENV)/.dev  ## compile the requirements again from pyproject.toml
	@sh scripts/lock.sh

clean:  ## remove what the set-up made
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .hypothesis
