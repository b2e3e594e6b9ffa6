# `make run` serves the workbench, `make test` tests it; both install what they need first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 7860
DATA ?= winnow-data

.PHONY: run test lint clean
.DELETE_ON_ERROR:

run: $(VENV)/.run
	$(BIN)/python app.py --data $(DATA) --port $(PORT)

test: $(VENV)/.dev
	bash .ci/system-packages chromium bubblewrap
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV)

$(BIN)/python:
	bash .ci/make-environment $(PYTHON) $(VENV)

# torch first and pinned, so that nothing else pulls another build of it.
$(VENV)/.torch: $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	touch $@

$(VENV)/.run: $(VENV)/.torch requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	-bash .ci/system-packages bubblewrap
	touch $@

$(VENV)/.dev: $(VENV)/.torch requirements.txt requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
