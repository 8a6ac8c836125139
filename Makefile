# make demo   the whole flow on embedded speech            make test   the quick tests
# make slow   checks that take minutes                     make lint   style
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test slow lint clean

demo: .venv/installed
	$(BIN)/snn demo --out runs/demo

test: .venv/installed
	$(BIN)/python -m pytest -q

slow: .venv/installed
	$(BIN)/python -m pytest -q -m slow

lint: .venv/installed
	$(BIN)/ruff check .

# The mark is made last, so an installation that broke off is repeated.
.venv/installed: pyproject.toml constraints.txt setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[synthesis,test]"
	touch $@

clean:
	rm -rf .venv build runs *.egg-info
