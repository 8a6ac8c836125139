# make demo   the whole flow on embedded speech            make test   the quick tests
# make slow   checks that take minutes                     make lint   style, types, known weaknesses of dependencies
# make cards  45 nm model cards, without which the tests of the neuron in transistors are skipped
# make faults kills, full disks, two processes in one place, read-only folders: five minutes, counts as JSON
# make fuzz   10,000 hostile inputs over all readers, two minutes; make fuzz SEED=1 others
# make soak   two hours of audio, 300 evaluations, 50 trainings in one process beside other load, five minutes
# make hashes constraints-hashed.txt anew, from constraints.txt and the index
# make bench  speed and memory beside other libraries, ten minutes: runs/bench.json, runs/bench.md
PYTHON ?= python3
SEED ?= 0
BIN := .venv/bin

.PHONY: demo test cards slow faults fuzz soak lint hashes bench clean

demo: .venv/installed
	$(BIN)/snn demo --out runs/demo

# A file of tests stays with one process, so what its tests share is made once; files come in the order of
# tests/conftest.py, by which two processes compile different loops first. One thread each: processes that share
# the cores wait for each other's threads otherwise, and the whole takes half as long again.
test: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Model cards for the tests of the neuron in transistors. Without what their package depends on: that is GPL, and nothing
# of it is imported.
cards: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps c4m-pdk-freepdk45==0.0.1 \
	  || echo "no model cards (c4m-pdk-freepdk45): tests of the neuron in transistors (tests/*/test_*transistor*) are skipped"

slow: .venv/installed
	$(BIN)/python -m pytest -q -m slow

faults: .venv/installed
	$(BIN)/python tests/faults/main.py --seed $(SEED)

bench: .venv/installed .venv/bench-installed
	$(BIN)/python -W ignore tests/benchmarks/main.py runs/bench.json

fuzz: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz/main.py --seed $(SEED) --inputs 10000

soak: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python tests/soak/main.py

# The audit limits its own time, and without a network says so and lets the rest go on.
lint: .venv/installed .venv/lint-installed
	$(BIN)/ruff check .
	$(BIN)/python tests/supply/editors.py
	$(BIN)/python tests/supply/audit.py

hashes: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make hashes" -c constraints.txt pyproject.toml -o constraints-hashed.txt

# The mark is made last, so an installation that broke off is repeated.
.venv/installed: pyproject.toml constraints.txt setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[synthesis,test]"
	touch $@

.venv/lint-installed: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[lint]" && touch $@ \
	  || echo "pyright could not be installed: make lint fails where it asks what editors know"

# A library that cannot be installed is left out of the comparison. The constraints keep torch and NumPy as they are.
.venv/bench-installed: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench]" && touch $@ \
	  || echo "the libraries to compare with could not be installed: make bench runs without those that are missing"

clean:
	rm -rf .venv build runs *.egg-info
