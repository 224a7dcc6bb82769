# Every line below is a command that can as well be typed by hand.

PYTHON ?= python3
LOWEST_KERAS := 3.12.0
# worksteal: an idle worker takes over tests of a busy one.
PYTEST := .venv/bin/python -m pytest -n logical --maxprocesses 4 --dist worksteal
QUICK_BACKEND ?= torch
FUZZ_EXAMPLES ?= 20000

.PHONY: setup demo test test-quick test-once test-tensorflow test-jax test-torch test-numpy test-openvino \
	test-lowest-keras fuzz lint format bench

setup: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -c constraints.txt -e ".[all]"
	touch .venv/.installed

demo: setup
	.venv/bin/python tutorials/spatial_transformer.py

test: lint test-once test-tensorflow test-jax test-torch test-numpy test-openvino test-lowest-keras

# One backend, one case of each class, no lesson: `make test-quick QUICK_BACKEND=jax` for another.
test-quick: setup
	KERAS_BACKEND=$(QUICK_BACKEND) $(PYTEST) -m "not once" --quick

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

format: setup
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# Names, imports, the wheel, data, tutorials, and files from one backend on the others; under torch,
# which compiles nothing.
test-once: setup
	KERAS_BACKEND=torch $(PYTEST) --dist loadfile -m once

# In two runs: a process keeps all its compiled programs, many gigabytes for the whole suite.
test-tensorflow test-jax: test-%: setup
	KERAS_BACKEND=$* $(PYTEST) -m "not once" tests/conformance
	KERAS_BACKEND=$* $(PYTEST) -m "not once" --ignore tests/conformance

test-torch: setup
	KERAS_BACKEND=torch $(PYTEST) -m "not once"

# These two backends only infer.
test-numpy: setup
	KERAS_BACKEND=numpy $(PYTEST) -m "not once and not training" tests/conformance

# What is saved elsewhere is loaded under openvino by the tests that run once.
test-openvino: setup
	KERAS_BACKEND=openvino $(PYTEST) -m "not once and not training" tests/conformance \
		--ignore tests/conformance/test_serialization.py

# Arbitrary arguments and shapes, about so many examples, new ones in each run.
fuzz: setup
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) KERAS_BACKEND=torch $(PYTEST) tests/fuzz

# One case of each class, without torch.compile: what may be missing is an interface of Keras.
test-lowest-keras: setup build/keras-$(LOWEST_KERAS)
	PYTHONPATH=build/keras-$(LOWEST_KERAS) KERAS_BACKEND=torch $(PYTEST) -m "not once" --quick \
		tests/conformance tests/layers tests/ops --ignore tests/conformance/test_compiled.py \
		--ignore tests/ops/test_compiled_steps.py

build/keras-$(LOWEST_KERAS):
	.venv/bin/python -m pip install --no-deps --target build/keras-$(LOWEST_KERAS) keras==$(LOWEST_KERAS)

bench: setup
	.venv/bin/python benchmarks/kernels.py
	.venv/bin/python benchmarks/sampling.py
	.venv/bin/python benchmarks/additive_attention.py
	.venv/bin/python benchmarks/decoding.py
	.venv/bin/python benchmarks/captioning.py
	.venv/bin/python benchmarks/ntm.py
	.venv/bin/python benchmarks/draw.py
