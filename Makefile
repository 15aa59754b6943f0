# Everything a person does with this checkout. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test unit e2e fuzz-replay lint fuzz bench clean

TARGET ?= all
MINUTES ?= 10

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## A whole house on this machine, on real servers, and a tour of it
	@scripts/setup.sh demo
	cargo run --locked --package sluice -- demo $(DEMO)

test: ## Set up, then every test there is: rooms, fuzz corpora, end to end on real servers
	@scripts/setup.sh test
	@scripts/parts.sh
	@scripts/test.sh

unit: ## Only what needs no server
	cargo test --workspace --locked --exclude e2e

lint: ## Formatting, clippy, documentation, dependencies
	@scripts/lint.sh

fuzz: ## Fuzz one target, or all in turn: make fuzz TARGET=sql MINUTES=10
	@scripts/fuzz.sh "$(TARGET)" "$(MINUTES)"

bench: ## Measure against direct, a copy proxy and pgbouncer; writes bench/README.md
	@scripts/setup.sh bench
	@scripts/bench.sh $(BENCH)

clean: ## Forget what was built here (parts outside the repository stay)
	cargo clean
