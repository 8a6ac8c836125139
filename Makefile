# make demo   the whole flow on embedded speech            make test   the quick tests
# make slow   checks that take minutes                     make lint   style
# make bench  speed of a training step: runs/bench.json
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test slow lint bench clean

demo: .venv/installed
	$(BIN)/snn demo --out runs/demo

test: .venv/installed
	$(BIN)/python -m pytest -q

slow: .venv/installed
	$(BIN)/python -m pytest -q -m slow

bench: .venv/installed
	$(BIN)/python tests/benchmarks/training_step.py runs/bench.json

lint: .venv/installed
	$(BIN)/ruff check .

# The mark is made last, so an installation that broke off is repeated.
.venv/installed: pyproject.toml constraints.txt setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[synthesis,test]"
	touch $@

clean:
	rm -rf .venv build runs *.egg-info
