# make run: set-up and the whole pipeline; make test: set-up and the tests. Both work in a fresh clone.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export BENTOML_DO_NOT_TRACK := True
unexport PYTHONDONTWRITEBYTECODE # each stage is a process, and without byte code each compiles TensorFlow anew

.PHONY: run test setup check

run: setup
	dvc repro
	@sora status

test: setup check
	pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

check:
	ruff check .
	ruff format --check .
	mypy

setup: .venv/.ready

.venv/.ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(shell sed -n 's/^uv==//p' requirements.txt)
	VIRTUAL_ENV=$(CURDIR)/.venv .venv/bin/uv pip install --quiet --requirement requirements.txt
	VIRTUAL_ENV=$(CURDIR)/.venv .venv/bin/uv pip install --quiet --no-deps --editable .
	@touch $@
