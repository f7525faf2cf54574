# Two commands do everything: `make train STEP=8` and `make test`. Both create the virtual environment .venv first.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STEP ?= 8
SEEDS ?= 0
DATA ?= mnist
RUNS ?= nbs/lessons/runs
ARGS ?=
# Only the package's path is recorded, so it is found even next to a folder with the same name.
EDITABLE = --config-settings editable_mode=compat -e

.PHONY: help train test nbdev_test readme notebooks docs slides serve publish proof lock bench clean

help:
	@echo 'make train STEP=8 [ARGS="--epochs 3"]   install the package, train a step'
	@echo 'make test                               install the dev extra, run all tests'
	@echo 'make readme                             write README.md from nbs/index.ipynb'
	@echo 'make notebooks                          export, clean, run all notebooks and store their outputs'
	@echo 'make docs, make serve                   build the site into _site/, show it on port 8000'
	@echo 'make slides                             the lessons as slides, into _slides/'
	@echo 'make publish STEP=8 SEEDS=0-4           full runs on MNIST (DATA=folder), recorded in results/'
	@echo 'make proof                              kills, faults and fuzzing, long versions, recorded in results/trust.jsonl'
	@echo 'make lock                               write .ci/constraints.txt, the versions that make test installs'
	@echo 'make bench [ARGS="--only epoch"]        speed compared with the alternatives, into results/bench.jsonl'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3,10) and "course_steps needs Python 3.10 or newer: run make with PYTHON=python3.x.")'
	@$(PYTHON) -m venv $(VENV) || { echo 'Python cannot make a virtual environment: install its venv package (Debian: apt-get install python3-venv).' >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.package: settings.ini setup.py | $(BIN)/python
	@echo 'Installing course_steps into $(VENV): several minutes, about 6 GB with torch.'
	$(BIN)/pip install -q --disable-pip-version-check $(EDITABLE) .
	@touch $@

$(VENV)/.dev: settings.ini setup.py .ci/constraints.txt | $(BIN)/python
	@echo 'Installing course_steps with its dev extra into $(VENV): several minutes, about 6 GB with torch.'
	$(BIN)/pip install -q --disable-pip-version-check -c .ci/constraints.txt $(EDITABLE) '.[dev,docs,ray,dask,onnx]'
	@touch $@ $(VENV)/.package

train: $(VENV)/.package
	$(BIN)/course_steps train $(STEP) $(ARGS)

# The lessons on the bundled digits, two epochs, each notebook in a process and folders of its own, so no earlier run is reused.
nbdev_test: $(VENV)/.dev
	COURSE_STEPS_DATA=digits COURSE_STEPS_EPOCHS=2 OMP_NUM_THREADS=1 $(BIN)/python tests/notebooks.py

# The site is tested in Chromium. Root gets it installed if it is missing; other users are told what is skipped.
$(VENV)/axe.min.js: | $(BIN)/python
	@cd $(VENV) && npm pack --silent axe-core@4.10.3 > /dev/null && grep axe-core $(CURDIR)/.ci/npm.sha256 | sha256sum -c --quiet && tar -xzf axe-core-4.10.3.tgz --strip-components=1 package/axe.min.js && rm axe-core-4.10.3.tgz \
	|| echo 'axe-core cannot be fetched, or is not the expected file: the accessibility of the site is not tested.' >&2

.PHONY: browser
browser:
	@command -v chromedriver > /dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && apt-get -qq update && apt-get -qq install -y chromium chromium-driver > /dev/null; } \
	|| echo 'There is no Chromium with chromedriver: the site is not tested in a browser.' >&2

# The slides load reveal.js from this folder; npm fetches it once.
$(VENV)/reveal.js: | $(BIN)/python
	@cd $(VENV) && npm pack --silent reveal.js@5.1.0 > /dev/null && grep reveal.js $(CURDIR)/.ci/npm.sha256 | sha256sum -c --quiet && mkdir -p reveal.js \
	&& tar -xzf reveal.js-5.1.0.tgz -C reveal.js --strip-components=1 package/dist package/plugin/notes package/LICENSE && rm reveal.js-5.1.0.tgz \
	|| echo 'reveal.js cannot be fetched, or is not the expected file: the slides will need the network.' >&2

slides: $(VENV)/.dev $(VENV)/reveal.js
	REVEAL=$(VENV)/reveal.js $(BIN)/python docs/slides.py

test: nbdev_test docs slides browser $(VENV)/axe.min.js
	$(BIN)/python -m pytest -q tests

readme: $(VENV)/.dev
	$(BIN)/python docs/readme.py

notebooks: $(VENV)/.dev
	$(BIN)/nbdev_export
	$(BIN)/python docs/store.py nbs/api/*.ipynb nbs/api/*/*.ipynb nbs/lessons/*.ipynb nbs/guide/*.ipynb nbs/*.ipynb
	$(BIN)/nbdev_clean
	$(BIN)/python docs/readme.py

# The site has the slides in a folder of its own.
docs: slides
	OMP_NUM_THREADS=1 $(BIN)/python docs/stage.py
	$(BIN)/sphinx-build -q -W --keep-going -n -b html -c docs -d _build/doctrees _site_src _site
	rm -rf _site/slides && cp -r _slides _site/slides
	$(BIN)/python docs/check_links.py _site

serve: docs
	$(BIN)/python -m http.server --directory _site 8000

# Runs that are finished are not repeated, and RUNS may be the folder of runs that were made elsewhere.
publish: $(VENV)/.package
	COURSE_STEPS_RUNS=$(RUNS) $(BIN)/course_steps sweep --steps $(STEP) --seeds $(SEEDS) --data $(DATA) $(ARGS)
	$(BIN)/python bench/publish.py $(RUNS)

# The long versions of the tests about faults in tests/: 20 kills, a classroom of 12. The site shows the figures.
proof: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --proof tests/test_resume.py tests/test_classroom.py tests/test_faults.py tests/test_fuzz.py
	if $(BIN)/pip install -q --disable-pip-version-check --only-binary :all: atheris; then \
	for reader in 'IDX reader' 'results reader' 'weights reader' 'image reader'; do OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz_atheris.py "$$reader" 100000 || exit 1; done; \
	else echo 'There is no atheris wheel for this Python and system: its rows stay as they are.' >&2; fi

# The exact versions of the development environment, for every Python and system. uv reads them from the registry.
lock: $(VENV)/.dev
	$(BIN)/pip install -q --disable-pip-version-check uv
	$(BIN)/python .ci/lock.py

bench: $(VENV)/.package
	$(BIN)/python bench/run.py $(ARGS)

clean:
	rm -rf build dist *.egg-info .pytest_cache
