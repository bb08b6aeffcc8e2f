.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
UV := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-header --no-annotate
PYTEST_OPTIONS ?= -n auto --dist loadfile --no-loadscope-reorder
# Whole folders, so that a new test is fast or not by where it is. Everything else is `make test`.
FAST_TESTS := tests/architecture tests/database
INSIDE_TESTS := $(FAST_TESTS) tests/api tests/drivers tests/jobs

.PHONY: help install console demo run check lint test coverage fix lock docs dist bench helm kubernetes clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.ready ## Make .venv from the lock, with everything that the other targets need
	@$(BIN)/python tools/console/build.py --where-possible

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@awk '/^[^ ]/ { is_uv = /^uv==/ } is_uv' requirements.lock >$(VENV)/uv.txt
	$(PIP) --require-hashes -r $(VENV)/uv.txt
	tools/install.sh $(BIN)/python requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

console: $(VENV)/.ready ## Build the console into the package, where its sources have changed
	@$(BIN)/python tools/console/build.py

demo: install ## Start a throw-away server, create a cluster with the official SDK and follow its job
	@$(BIN)/clusterwright demo

run: install ## Serve on 127.0.0.1:8900
	@$(BIN)/clusterwright serve

check: install lint ## What one runs while working: lint, and the tests that take no minute
	$(BIN)/pytest $(PYTEST_OPTIONS) $(FAST_TESTS)

lint: $(VENV)/.ready ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The programs of tests/clients are built while the rest goes on; a test that comes too early waits.
test: $(VENV)/.ready ## What the gate runs: lint and all tests
	@$(BIN)/python -m tests.clients.prepare >/dev/null 2>&1 &
	$(MAKE) -j 2 install lint
	$(BIN)/pytest $(PYTEST_OPTIONS)

# Apart from `make test`, because tracing makes these tests two to four times as slow (CONTRIBUTING).
coverage: install ## What the tests inside this process execute, and its floor
	$(BIN)/pytest $(PYTEST_OPTIONS) --hypothesis-profile gate --cov --cov-report term $(INSIDE_TESTS)

fix: install ## Repair what can be repaired: format, imports, generated pages
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python -m docs.generate

docs: install ## Write the generated pages: docs/reference, bench/README.md
	$(BIN)/python -m docs.generate

dist: install ## Build the wheel and the source archive into dist
	rm -rf dist
	$(BIN)/hatchling build

bench: install ## Run the benchmarks in their short form
	$(BIN)/python -m bench.show_job --quick

helm: ## Build Helm, which installs charts, once for a machine (some 4 minutes of one core)
	@tools/helm/build.sh

kubernetes: ## Build the programs of real Kubernetes, once for a machine (some 11 minutes of one core)
	@$(PYTHON) tools/kubernetes/build.py

lock: $(VENV)/.ready ## Resolve the dependencies again, into requirements.lock
	$(UV) --all-extras --group dev --group bench pyproject.toml -o requirements.lock
	$(UV) tests/clients/openstack/requirements.in -o tests/clients/openstack/requirements.txt
	$(UV) tools/console/node.in -o tools/console/node.txt

clean: ## Remove what the targets made
	rm -rf $(VENV) dist src/clusterwright/console console/node_modules .coverage .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
