# make run    the whole simulated laboratory, as two processes
# make test   lint, types, and every test once
# make test WHOLE=yes  as CI does: all tests under pytest too, the lines that they run, the promises
# make coverage  the lines that the tests run, in their own process and in others: takes twice the time
# make promises  break each promise of docs/promises.md once, and see its test fail
# make soak   1,000 clients and a road full of faults, for a minute; then one flood after another
# make mutants  a sample of small changes to the code, each of which a unit test must notice
# make fuzz   a million inputs for each parser
# make bench  the road beside relays that parse nothing, one hop of others, and while many watch
# make bench-compare REV=...  and beside the road of another commit
# make docs   the pages under docs/ and the reference as a site, in build/site; links that lead
#             nowhere end it; and manual pages, in build/man
# make pictures  the pictures of the page in docs/pictures, taken by its tests
# make diagrams  the Mermaid diagrams of the pages that have changed, as the site shows them (npx, chromium)
# make clean  remove what the others made

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# What is timed has an environment of its own, of the system's Python, which laboratories have: one
# that pyenv has compiled without a profile takes a tenth longer.
BENCH_VENV = .venv-bench
BENCH_PYTHON ?= $(shell /usr/bin/python3 -c 'import ensurepip; $(NEW_ENOUGH)' 2>/dev/null \
	&& echo /usr/bin/python3 || echo $(PYTHON))
MANUAL = $(BIN)/argparse-manpage --project-name pychron_comms --version $(shell \
	sed -n 's/^__version__ = "\(.*\)"/\1/p' pychron_comms/__init__.py)

# Tests that wait run beside each other; what computes has a core of its own.
JOBS ?= 10
CORES ?= 2
# How many times slower than a quiet machine this one is: what bounds on time are multiplied by.
SLOWER ?= 1
BESIDE = -n $(JOBS) --dist loadscope --no-loadscope-reorder

# The suite starts hundreds of processes: each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test coverage lint types unit promises soak mutants fuzz bench bench-compare docs diagrams pictures clean

run: $(VENV)/installed
	$(BIN)/pychron-lab run

PYTEST = $(BIN)/pytest -v $(BESIDE)
COUNTING = --cov --cov-config=setup.cfg --cov-report=term-missing:skip-covered
# What trial cannot run, and where it is.
REAL = --beside-trial tests/integration tests/faults

# To run unit tests a second time, and to count lines, takes as long again: WHOLE=yes, as in CI. So
# does drawing at random as much as there.
test: export PYCHRON_DRAWN := $(if $(WHOLE),1,0.2)
test: $(VENV)/tested
	$(MAKE) --jobs=3 lint types unit
	$(if $(WHOLE),$(MAKE) promises)
	$(PYTEST) $(if $(WHOLE),$(COUNTING),$(REAL))

coverage: $(VENV)/tested
	COVERED=subprocess $(PYTEST) $(COUNTING)

# Twisted's own runner: the same unit tests must pass there.
unit: $(VENV)/tested
	$(BIN)/python -W error -m twisted.trial -j $(CORES) --reporter=text \
		--temp-directory=$(VENV)/trial tests

promises: $(VENV)/tested
	$(BIN)/python -m tests.promises --jobs $(CORES)

soak: $(VENV)/tested
	$(BIN)/python -m tests.faults.soak --clients 1000 --seconds 60
	$(BIN)/python -m tests.faults.hostile --slower $(SLOWER)

mutants: $(VENV)/mutated
	$(BIN)/python -m tests.mutants --jobs $(CORES) $(ROOMS)

fuzz: $(VENV)/tested
	for target in framing grammar arguments qtegra instruments; do \
		$(BIN)/python -m tests.faults.fuzz $$target || exit 1; done

lint: $(VENV)/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@# A folder of one machine's, such as a link named .venv, would be everybody's.
	! git ls-files --cached --ignored --exclude-standard | grep .

types: $(VENV)/tested
	$(BIN)/mypy

bench: $(BENCH_VENV)/benched
	$(BENCH_VENV)/bin/python -m benchmarks
	$(BENCH_VENV)/bin/python -m benchmarks.watched

bench-compare: $(BENCH_VENV)/benched
	$(BENCH_VENV)/bin/python -m benchmarks --compare $(REV)

docs: $(VENV)/documented
	$(BIN)/mkdocs build --quiet
	mkdir -p build/man
	$(MANUAL) --module pychron_comms.client.command_line.options --function ask_parser \
		--description "ask a laboratory's server" --output build/man/pychron-ask.1
	$(MANUAL) --module pychron_comms.operations.tool --function parser \
		--description "make, check, run and watch a laboratory" --output build/man/pychron-lab.1
	$(MANUAL) --module pychron_comms.journal.command --function parser \
		--description "read and check a journal" --output build/man/pychron-journal.1
	$(MANUAL) --module pychron_comms.history.tool --function parser \
		--description "recorded numbers: a list, a picture, a table" \
		--output build/man/pychron-history.1
	$(MANUAL) --module pychron_comms.instruments.tool --function parser \
		--description "make and try descriptions of instruments" \
		--output build/man/pychron-instrument.1
	$(MANUAL) --module pychron_comms.alarms.tool --function parser \
		--description "see and acknowledge alarms" --output build/man/pychron-alarms.1
	$(MANUAL) --module pychron_comms.certs.tool --function parser \
		--description "make and renew certificates" --output build/man/pychron-certs.1

diagrams:
	$(PYTHON) docs/diagrams.py

pictures: $(VENV)/tested
	PYCHRON_PICTURES=docs/pictures PYCHRON_PICTURES_AFTER=60 \
		$(BIN)/pytest tests/integration/test_page.py tests/integration/test_page_alone.py \
		-k "nothing_keeps_anybody_out or drawing_by_hand"

clean:
	rm -rf $(VENV) $(BENCH_VENV) build dist *.egg-info .coverage* .mypy_cache .ruff_cache .hypothesis

# Said before pip says it, which takes a minute to find out.
NEW_ENOUGH = import sys; v = sys.version_info; sys.exit(None if v[:2] >= (3, 11) else \
	"Python 3.11 or newer is needed, and this is %d.%d; name one: make run PYTHON=python3.12" % v[:2])

$(VENV)/bin/python:
	@$(PYTHON) -c '$(NEW_ENOUGH)'
	$(PYTHON) -m venv $(VENV)
	@# A new pip finds the packages in half the time; the one that is there finds them too.
	-@$(BIN)/pip install --quiet --retries 0 --upgrade pip

$(VENV)/installed: setup.cfg pyproject.toml | $(VENV)/bin/python
	@$(BIN)/pip install --quiet --editable . || { echo "The packages could not be fetched:" \
		"is there a network? docs/install.md says how to install without one." >&2; exit 1; }
	touch $@

$(VENV)/documented: setup.cfg pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable '.[docs]'
	touch $@ $(VENV)/installed

$(VENV)/mutated: setup.cfg pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable '.[mutants,test]'
	touch $@ $(VENV)/installed $(VENV)/tested

$(BENCH_VENV)/benched: setup.cfg pyproject.toml
	@$(BENCH_PYTHON) -c '$(NEW_ENOUGH)'
	$(BENCH_PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/pip install --quiet --editable '.[bench]'
	touch $@

# Most of these is never imported, and need not be compiled.
$(VENV)/tested: setup.cfg pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --no-compile --editable '.[test]'
	touch $@ $(VENV)/installed
