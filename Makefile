# Everything starts here: `make` lists the targets. Nothing has to be installed by hand but
# Python 3.11 or newer; the set-up lives in .venv and is renewed when a lock file changes.

BIN := .venv/bin
READY := .venv/.ready
LOCKS := requirements/bootstrap.txt requirements/dev.txt
PYTHON ?=
# Tests wait for engines and stores half of their time, so that three workers keep two cores busy:
# 396 s instead of 467 s (measured).
WORKERS ?= 4
POINTS ?= 300
SEED ?= 1
N ?= 100000
ARGS ?=
UPGRADE ?=
# What is compiled once need not be compiled by each worker of each stage.
unexport PYTHONDONTWRITEBYTECODE
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header $(UPGRADE)

INSTALL_ENGINE = { $(BIN)/purveyor engine install || sh tools/build_opentofu.sh; }
HAS_ENGINE = $(BIN)/purveyor engine list --json | grep -q '"used": true'

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long test-exhaustive test-templates test-faults simulate tools lint format types contracts bench bench-engines bench-spec bench-serve lock docs picture clean

##@ To try and use Purveyor
help: ## List the targets
	@awk -F ':.*## ' '/^##@ / {printf "%s%s\n", gap, substr($$0, 5); gap = "\n"} \
		/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with everything at its locked version

demo: $(READY) ## Create, change and delete a service against the emulated platform
	@$(HAS_ENGINE) || $(INSTALL_ENGINE)
	@$(BIN)/purveyor demo

test: $(READY) ## Run the tests with every real program there is; ARGS="-k lock" for some
	@$(HAS_ENGINE) || $(INSTALL_ENGINE) \
		|| echo "make test: no engine; the tests that need one are left out" >&2
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --ignore tests/templates -m "not long and not slow" $(ARGS)

##@ More tests
test-long: $(READY) ## Run the tests that go through all cases; after `make test`
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --ignore tests/templates \
		-m "(long or slow) and not exhaustive" $(ARGS)

test-exhaustive: $(READY) ## Run further combinations, with every place and moment; some minutes more
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --ignore tests/templates -m exhaustive $(ARGS)

test-templates: $(READY) ## Run the CI templates with the programs that read and run them
	@tools=$$(tests/templates/install_tools.sh) && \
		PURVEYOR_TEMPLATE_TOOLS="$$tools" $(BIN)/pytest tests/templates $(ARGS)

test-faults: $(READY) ## Break runs in every phase and at POINTS moments; renew the page on it
	@mkdir -p build && rm -f build/faults.jsonl
	FAULT_ROWS=$(CURDIR)/build/faults.jsonl FAULT_POINTS=$(POINTS) $(BIN)/pytest -n $(WORKERS) \
		--dist worksteal tests/faults/long_*.py $(ARGS)
	@$(BIN)/python scripts/write_faults.py build/faults.jsonl

simulate: $(READY) ## Play N schedules of the journal's protocol, from SEED on; N=1 tells its story
	@PYTHONPATH=tests/simulation $(BIN)/python -m simulator $(SEED) $(N) $(ARGS)

##@ To change Purveyor
tools: $(READY) ## Bring OpenTofu, Pulumi, Kubernetes and stores into the user's cache
	$(INSTALL_ENGINE)
	@sh tools/install_programs.sh

lint: $(READY) ## Check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(READY) ## Format, and fix what can be fixed
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

types: $(READY) ## Check types
	$(BIN)/mypy
	@for each in tests/*/conftest.py; do MYPYPATH=tests:$${each%/*} $(BIN)/mypy --no-error-summary "$$each" || exit 1; done

contracts: $(READY) ## Check which file may import which, and that generated pages are fresh
	$(BIN)/lint-imports
	$(BIN)/python scripts/write_reference.py --check
	$(BIN)/python scripts/write_catalog_reference.py --check

##@ Pages, figures and locks
bench: $(READY) ## Measure what Purveyor adds to bare engines
	PYTHONPATH=tests:benchmarks $(BIN)/python benchmarks/bench_run.py $(ARGS)

bench-engines: $(READY) ## Measure steps of Ansible and Kubernetes beside their own programs
	PYTHONPATH=tests:benchmarks $(BIN)/python benchmarks/bench_ansible.py
	PYTHONPATH=tests:benchmarks $(BIN)/python benchmarks/bench_kubernetes.py

bench-spec: $(READY) ## Measure how long specifications of 100 services take
	$(BIN)/python benchmarks/bench_spec.py $(ARGS)

bench-serve: $(READY) ## Measure what the receiver takes in, over each inbox
	PYTHONPATH=tests:tests/inbox:benchmarks $(BIN)/python benchmarks/bench_serve.py $(ARGS)

docs: $(READY) ## Write the pages and the schema that come from the code
	$(BIN)/python scripts/write_reference.py
	$(BIN)/python scripts/write_catalog_reference.py

picture: $(READY) ## Play the demo and draw docs/demo.svg from what it shows
	$(BIN)/python scripts/picture_demo.py

lock: $(READY) ## Renew the lock files; UPGRADE=--upgrade takes newer versions
	$(COMPILE) --extra pg --extra gcs --extra github --extra gitlab --extra azure pyproject.toml -o requirements/run.txt
	$(COMPILE) --extra pg --extra gcs --extra github --extra gitlab --extra azure --extra serve --extra queue pyproject.toml -o requirements/serve.txt
	$(COMPILE) --all-extras --group dev pyproject.toml -o requirements/dev.txt
	$(COMPILE) requirements/templates.in -o requirements/templates.txt
	echo uv | $(COMPILE) --no-deps --constraint requirements/dev.txt - -o requirements/bootstrap.txt

clean: ## Remove what was made here; the user's cache stays
	rm -rf .venv build dist .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find src tests scripts examples -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): $(LOCKS) pyproject.toml requirements/set_up.sh
	@PYTHON="$(PYTHON)" sh requirements/set_up.sh
	@touch $@
