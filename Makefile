# The commands of this project. `make help` prints this list.
SHELL := /bin/sh
BIN := .venv/bin
RUNNER := deploy_tasks/runner
GO := $(CURDIR)/$(BIN)/go
export CGO_ENABLED := 0
export GOTOOLCHAIN := local
# As runners are built (deploy_tasks/compiler/toolchain.py), and where tests build them: Go then compiles its own packages
# once for all of it, which is a minute of a processor.
export GOFLAGS := -mod=mod -trimpath "-gcflags=all=-d=inlbudgetslack=-70,freeappend=0,variablemakethreshold=0,rangefunccheck=0"
export GOEXPERIMENT := newinliner,nogreenteagc,nosizespecializedmalloc
export GOCACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/deploy-tasks-tests/go-build
TESTS ?= tests
# Tests wait for other processes about as long as they compute.
JOBS ?= $(shell echo $$(( ($$(getconf _NPROCESSORS_ONLN) * 3 + 1) / 2 )))

.DEFAULT_GOAL := help
.PHONY: help setup services demo test check format bench bench-peers clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## prepare .venv with the deploy-tasks command
	@tools/setup

services: ## setup, and openssh-server and redis-server when root and missing
	@tools/setup services

demo: services ## 10 local SSH hosts: deploy, verify, break, roll back; leaves nothing running
	@examples/demo.sh

test: ## every test (TESTS=tests/cli for some, JOBS=1 for fewer processes)
	@tools/setup tests
	@tools/run-tests $(JOBS) $(TESTS)

check: setup ## lint, formatting, types, import rules, gofmt, go vet (also for 32 bits)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/pytest -n 0 tests/test_rooms.py
	@unformatted=$$($(BIN)/python tools/gofmt.py -l $(RUNNER)); [ -z "$$unformatted" ] || { echo "not gofmt'ed: $$unformatted"; exit 1; }
	@cd $(RUNNER) && $(GO) vet ./... && GOARCH=386 $(GO) vet ./...

format: setup ## write the formatting that check asks for
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only -q .
	@$(BIN)/python tools/gofmt.py -w $(RUNNER)

bench: services ## measure: the pipeline against bare Fabric on local hosts
	@$(BIN)/python -m tests.bench

bench-peers: services ## measure: 100 tasks on one host beside Ansible with pipelining and Mitogen, which it installs
	@$(BIN)/python -m tests.bench peers

clean: ## remove .venv, caches and local state
	rm -rf .venv .state .mypy_cache .ruff_cache .pytest_cache .hypothesis
