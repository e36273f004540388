# The front door.  Needs python3.11, make and git; everything else goes into .venv.
#   make limits            from nothing to results/limits.json
#   make limits QUICK=1    the same from small samples, in samples/quick and results/quick
#   make limits WORKERS=8  more processes (default: the cores there are); results do not depend on it

PYTHON  ?= python3.11
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)

BIN  := .venv/bin
KAON := $(BIN)/kaon
ENV  := .venv/.installed

SAMPLE_DIR := samples$(if $(QUICK),/quick)
RESULT_DIR := results$(if $(QUICK),/quick)
QUICKLY    := $(if $(QUICK),--quick)

# Samples to simulate, NAMES, and the file that declares each: kaon lists them, so that a new one in the catalogue or
# in a channel file is made without touching this file.
RULES  := $(SAMPLE_DIR)/.rules.mk
WANTED := $(SAMPLE_DIR)/.wanted
MADE   := $(SAMPLE_DIR)/.made
ifneq ($(filter-out help test site sites lint imports format dump bench fuzz wheel root trolke clean,$(or $(MAKECMDGOALS),help)),)
include $(RULES)
$(shell rm -f $(WANTED))
endif
SAMPLES := $(NAMES:%=$(SAMPLE_DIR)/%.root)
RUN     := $(RESULT_DIR)/histograms/run.json
LIMITS  := $(RESULT_DIR)/limits.json

# What makes what, by folder.  A folder that stands in no group is found by a test.
sources = $(foreach place,$(1),$(shell find $(place) -type f ! -path '*/__pycache__/*' 2>/dev/null))
SIMULATION := $(call sources,$(addprefix analysis/,contract facts kernels search decays simulation) \
	$(addprefix datasets/,branching_fractions.yaml catalogue.yaml conditions.yaml detector.yaml))
SELECTION  := $(call sources,$(addprefix analysis/,contract facts kernels search events selection corrections statistics \
	processing execution results) processors $(addprefix datasets/,catalogue.yaml checksums.yaml \
	conditions.yaml detector.yaml corrections unblinding))
INFERENCE  := $(call sources,$(addprefix analysis/,decays limits) datasets)
# analysis/cli analysis/dump analysis/recasting analysis/report analysis/stability: nothing that `make limits` makes depends on them

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help limits test lint imports format samples histograms dump report notebooks site bench fuzz wheel root trolke clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s%s\n", $$1, $$2}' Makefile
	@echo "  (QUICK=1: small samples; WORKERS=n: processes; environment, samples and results are made when needed)"

limits: $(LIMITS)  ## everything up to results/limits.json and its table

samples: $(MADE)  ## simulate the samples of datasets/catalogue.yaml and of the channel files

histograms: $(RUN)  ## run all searches over the samples

test: $(ENV)  ## all tests, doctests and notebooks, after the whole chain on small samples
	$(MAKE) --no-print-directory limits QUICK=1
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

# dask-gateway closes its client again when it is collected, which distributed refuses with an exception in __del__.
sites: .venv/.sites  ## runs on a real SLURM and over the network, with servers of their own
	tests/sites/install
	OMP_NUM_THREADS=1 $(BIN)/pytest -p no:unraisableexception tests/sites/runs_on_*.py tests/sites/runs_over_the_network.py

.venv/.sites: pyproject.toml constraints.txt | $(ENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[sites]' -c constraints.txt
	touch $@

lint: $(ENV)  ## style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

imports: $(ENV)  ## draw which room imports which, in results/imports; with graphviz, the arrows that follow from no others
	@mkdir -p $(RESULT_DIR)/imports
	set -e; for place in analysis analysis.simulation; do \
		drawing=$(RESULT_DIR)/imports/$$place; \
		$(BIN)/import-linter drawgraph rarekaon.$$place --show-import-totals > $$drawing.dot; \
		! command -v dot tred > /dev/null || tred $$drawing.dot | dot -Tsvg -o $$drawing.svg; \
	done

format: $(ENV)  ## rewrite the sources in the style that lint wants
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

dump: $(ENV)  ## what the detector reaches when the protons are dumped, in results/dump.json
	$(KAON) dump --output $(RESULT_DIR)/dump.json

# The pages that documents point to are those of full samples.
report: $(LIMITS)  ## tables and figures in results/report, pages of tables in docs/results
	$(KAON) validate $(QUICKLY)
	$(KAON) report --limits $(LIMITS) --histograms $(RESULT_DIR)/histograms --output $(RESULT_DIR)/report \
		--coverage --pages $(if $(QUICK),$(RESULT_DIR)/report/pages,docs/results) $(QUICKLY)

notebooks: $(LIMITS)  ## execute the notebooks into results/notebooks
	$(BIN)/python -m tests.notebooks --output $(RESULT_DIR)/notebooks

site: $(ENV)  ## the documentation as a site, in results/site; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

bench: $(ENV)  ## measure speed and memory into results/benchmarks.json (with ROOT, if `make root` was run)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.bench --output $(RESULT_DIR)/benchmarks.json

fuzz: $(ENV)  ## damaged ROOT, YAML and JSON files through everything that reads (FUZZ_SECONDS=n: so long for each)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzzing.documents $(FUZZ_SECONDS:%=--seconds %)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzzing.root_files $(FUZZ_SECONDS:%=--seconds %)

wheel: $(ENV)  ## build the wheel and use it in a fresh environment, from an empty folder
	$(MAKE) --no-print-directory histograms QUICK=1
	$(BIN)/python -m tests.wheel --samples samples/quick

trolke: .root/.installed  ## limits of ROOT's TRolke again, which tests compare with
	.root/bin/python -W ignore -m tests.root.trolke

root: .root/.installed  ## install ROOT, cabinetry and pyhs3 into .root: read files of ROOT, and compare limits
	OMP_NUM_THREADS=1 .root/bin/python -W ignore -m pytest tests/root/written_by_root.py
	OMP_NUM_THREADS=1 .root/bin/python -W ignore -m tests.root.comparison

.root/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .root
	.root/bin/python -m pip install -qq --disable-pip-version-check -e '.[dev]' -c constraints.txt
	.root/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt --pre $$($(PYTHON) -c 'import tomllib; \
		print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["root"])')
	touch $@

clean:  ## remove samples, results and caches (not the environment)
	rm -rf samples results .grimp_cache .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist src/*.egg-info
	find analysis processors src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(ENV): pyproject.toml constraints.txt
	@echo "making the environment .venv from constraints.txt: some minutes, once"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[dev,publish,site]' -c constraints.txt
	touch $@

$(RULES): datasets/catalogue.yaml $(call sources,processors analysis/facts analysis/search) | $(ENV)
	@mkdir -p $(@D)
	@set -e; names=$$($(KAON) samples --files); echo "$$names" | \
	awk '{print "NAMES += " $$1; print "$$(SAMPLE_DIR)/" $$1 ".root $$(MADE): " $$2}' > $@

# Samples that are missing or older than what they are made from go on a list, and one process makes those on it.
# The list starts empty with every make (above); what depends on samples waits for $(MADE).
$(SAMPLES): $(SAMPLE_DIR)/%.root: $(SIMULATION) | $(ENV)
	@echo $* >> $(WANTED)

$(MADE): $(SAMPLES) $(SIMULATION) | $(ENV)
	@touch $(WANTED)
	names=$$(cat $(WANTED)); test -z "$$names" || $(KAON) simulate $$names $(QUICKLY) --workers $(WORKERS) --output $(SAMPLE_DIR)
	@touch $@

$(RUN): $(MADE) $(SELECTION) | $(ENV)
	$(KAON) run --samples $(SAMPLE_DIR) --output $(RESULT_DIR)/histograms --workers $(WORKERS) $(QUICKLY)

$(LIMITS): $(RUN) $(INFERENCE) | $(ENV)
	$(KAON) limits --histograms $(RESULT_DIR)/histograms --output $@
