# Thin: each line can be typed by hand as well. PORT, HOST, VAR_DIR and DEMO reach the product: make run PORT=9000
PYTHON ?= python3
IN := .venv/bin/python
TEST_DATABASE_URL ?= postgres://postgres@127.0.0.1:$(or $(SERVICES_POSTGRES_PORT),55432)/postgres
TEST_REDIS_URL ?= redis://127.0.0.1:$(or $(SERVICES_REDIS_PORT),56379)
# The whole suite runs in several processes: two, and on SQLite one more for the tests that start products and mostly wait
# for them. For a part of it, or a debugger: make test PARALLEL= ARGS=tests/core
PARALLEL ?= -n $(WORKERS) --dist loadgroup --no-loadscope-reorder
WORKERS = 2
test: WORKERS = 3

.DEFAULT_GOAL := help
.PHONY: help run bench drill drill-full test test-services test-browser services-up services-down check fix volume whole fuzz lock models ci clean prepare-run prepare-dev

help:  ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

run: prepare-run  ## start the product, and everything it needs, on this machine
	@exec $(IN) manage.py up

test: prepare-dev  ## run the tests on what `make run` starts: SQLite, no Redis
	@exec $(IN) -m pytest $(PARALLEL) $(ARGS)

test-services: prepare-dev  ## run the tests that a database can change on PostgreSQL and Redis (after `make services-up`)
	@$(PYTHON) scripts/services.py reachable "$(TEST_DATABASE_URL)" "$(TEST_REDIS_URL)"
	@TEST_DATABASE_URL="$(TEST_DATABASE_URL)" TEST_REDIS_URL="$(TEST_REDIS_URL)" exec $(IN) -m pytest $(PARALLEL) $(ARGS)

test-browser: prepare-dev  ## run the browser tests, none skipped
	@REQUIRE_BROWSER=1 exec $(IN) -m pytest -m browser $(ARGS)

services-up:  ## start a PostgreSQL and a Redis for the tests, beside any others
	@$(PYTHON) scripts/services.py up

services-down:  ## stop them
	@$(PYTHON) scripts/services.py down

volume: prepare-dev  ## show that a sweep finds its work by indexes beside many records (ARGS="-m volume" with test-services: on PostgreSQL)
	@exec $(IN) -m pytest -m volume $(ARGS)

whole: prepare-dev  ## check every sentence of every answer to everything there is to ask, which takes long (EVAL_DATA_DIR: the public suites too)
	@exec $(IN) -m pytest -m "whole or suites" $(ARGS)

fuzz: prepare-dev  ## send 100,000 mutated bodies to all doors; ARGS="--bodies 2000 --seed 1 --shape embedded"; after services-up on both shapes
	@TEST_DATABASE_URL="$(TEST_DATABASE_URL)" TEST_REDIS_URL="$(TEST_REDIS_URL)" exec $(IN) -m tests.fuzz $(ARGS)

drill: prepare-dev  ## kill the product at every crash point and by every fault: make drill ARGS="faults --only F10"
	@exec $(IN) -m drill $(or $(ARGS),crash)

drill-full: prepare-dev  ## every fault, crash point and mutant in both shapes, with those that need root, mount or faketime (hours)
	@exec $(IN) -m drill all --shape both --full --seconds 60 --breath 12 --customers 60 --report var/drill.md --json var/drill.json $(ARGS)

bench: prepare-dev  ## measure speed and memory on a quiet machine, beside what they are compared with; ARGS="messages --shape embedded"
	@exec $(IN) -m bench $(ARGS)

check: prepare-dev  ## lint, format, types, import contracts, migrations, production settings, pages
	@exec $(IN) scripts/check.py

fix: prepare-dev  ## mend what ruff can mend
	@$(IN) -m ruff check --fix --quiet . || true
	@$(IN) -m ruff format .

lock: prepare-dev  ## write requirements.txt and requirements-dev.txt anew from the .in files
	@$(IN) -m pip install --quiet --disable-pip-version-check --upgrade --target var/lock uv
	@PYTHONPATH=var/lock $(IN) -m uv pip compile --quiet --universal --python-version 3.11 --no-header requirements.in -o requirements.txt
	@PYTHONPATH=var/lock $(IN) -m uv pip compile --quiet --universal --python-version 3.11 --no-header requirements-dev.in -o requirements-dev.txt

models: ; @$(PYTHON) scripts/prepare.py run --models-again

ci:  ## everything the server runs
	@exec bash .ci/run

clean:  ## remove the environment and what the tools keep; var/ holds data and stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

prepare-run prepare-dev:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here: install Python 3.11, 3.12 or 3.13, or name one, for example make run PYTHON=python3.12."; exit 1; }
	@$(PYTHON) -c "import sys; print(sys.version_info[0])" 2>/dev/null | grep -qx 3 || { echo "$(PYTHON) is no Python 3: name a Python 3.11, 3.12 or 3.13, for example make run PYTHON=python3.12."; exit 1; }
	@$(PYTHON) scripts/prepare.py $(subst prepare-,,$@)
