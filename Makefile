# Everything that a developer or an operator starts; `make help` lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PATH := $(CURDIR)/.venv/bin:$(PATH)
export PATH
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/collections

VENV := .venv/.requirements

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: venv
venv: $(VENV) ## Install the pinned Python tools into .venv, again only when the requirements change

$(VENV): requirements.txt requirements-dev.txt
	@python="$$(scripts/python)" && scripts/make-venv "$$python" .venv
	@touch $@

-include lab/lab.mk

.PHONY: lint
lint: $(VENV) ## Look at YAML, Python, shell, roles and playbooks
	@.ci/stage lint

.PHONY: unit
unit: $(VENV) ## Run the unit tests
	@.ci/stage unit

.PHONY: golden
golden: $(VENV) ## Compare what is rendered for inventories/prod with what is committed
	@.ci/stage golden

.PHONY: sanity
sanity: $(VENV) ## Run ansible-test sanity on a copy of the collection
	@.ci/stage sanity

.PHONY: build
build: $(VENV) ## Build the artefact, install it elsewhere and use it there
	@.ci/stage build

.PHONY: molecule
molecule: $(VENV) ## Test every role on hosts of the lab's kind, or one: ROLE=haproxy
	@.ci/stage molecule $(ROLE)

.PHONY: acceptance
acceptance: $(VENV) ## Look at the running lab from outside
	@.ci/stage acceptance

.PHONY: drills
drills: $(VENV) ## Drill every scenario in the running lab under load, look every acknowledged write up, write docs/drills.md
	@.ci/stage drills

.PHONY: test
test: ## Run every stage from nothing, the lab included, and say what each executed
	@.ci/run

.PHONY: bench
bench: export PYTHONPATH := collections
bench: $(VENV) ## Measure, and write docs/benchmarks.md
	@python -m scripts.bench_topology
	@python -m scripts.bench_lab
	@python -m scripts.bench_postgres
	@python -m scripts.bench_overload
	@$(MAKE) lab && sleep 300 && python -m scripts.bench_monitoring
	@python -m scripts.bench_data_tier
	@python -m scripts.bench_incidents

.PHONY: docs
docs: $(VENV) ## Write the generated files again: golden files, docs/network.md and its picture, prod's ssh.cfg
	@python scripts/generate.py

.PHONY: clean
clean: ## Remove what tools left in the checkout; .venv and the lab stay
	@rm -rf .ansible .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache reports freeagentics-platform-*.tar.gz
	@find . -name __pycache__ -not -path './.venv/*' -not -path './.lab/*' -prune -exec rm -rf {} +
