# One command per chore; .ci/run calls the same ones.
PYTHON_BIN := .venv/bin/python
BENCHMARKS := compare_overhead read_notebook store_throughput
MINUTES ?= 10
WORKERS ?= 2
export OMP_NUM_THREADS ?= 1

# Where everything must be tested, a machine without Docker is a failure and not a reason to skip.
ifdef CI
export GRADER_REQUIRE_DOCKER := 1
endif

.PHONY: setup demo pictures test lint audit attack bench clean

setup: ## everything this checkout needs; quick when it is there
	@scripts/setup

demo: setup ## a whole course, graded, from nothing
	$(PYTHON_BIN) -m examples.sample_class

pictures: setup ## the pictures of README and docs, from the sample class and the notebooks; needs Chromium
	$(PYTHON_BIN) -m examples.pictures

test: setup lint ## what must hold before a commit
	$(PYTHON_BIN) -m pytest -q -n $(WORKERS) --dist worksteal

lint: setup ## style and types; seconds
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

audit: setup ## the tests of the tests, whole: every wrong solution, 20 seeds, every mutant, every experiment; hours
	$(PYTHON_BIN) -m pytest -q -m long
	@for name in a1_mlp a2_cnn a3_sequences a4_generative; do \
		.venv/bin/grader audit $$name --seeds 20 --mutants 100 || exit 1; done

attack: setup ## the corpus of attacks at every level, among honest neighbours and kills, for MINUTES; four numbers, all 0
	@cd tests && PYTHONPATH=.. ../$(PYTHON_BIN) -m attacks.standing --minutes $(MINUTES)

bench: setup ## the figures that need no argument; each file in benchmarks/ says what it measures
	@for name in $(BENCHMARKS); do echo "== $$name"; $(PYTHON_BIN) -m benchmarks.$$name || exit 1; done

clean: ## what can be made again; never .grader, which holds marks
	rm -rf .venv .cache build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
