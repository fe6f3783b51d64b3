# Easel. The two commands a newcomer needs: `make run` and `make test`.

SHELL := /bin/bash
GO    ?= go
VENV  ?= .venv
PY    := $(VENV)/bin/python
EASEL := bin/easel

.PHONY: run build test lint generate check-generated golden bench bench-block bench-full cuda test-gpu soak fuzz live screenshots eval clean

run: build ## build, start on 127.0.0.1:3000 and print the address
	$(EASEL) serve

build: node_modules/.stamp
	$(GO) build -o $(EASEL) ./cmd/easel

# onnxruntime-node brings ONNX Runtime's library; the rest builds and tests the page.
node_modules/.stamp: package.json package-lock.json
	npm install --no-save --no-audit --no-fund --loglevel=error # npm ci wants what omit-lockfile-registry-resolved leaves out
	@touch $@

test: build check-generated ## everything that proves the code, under 15 minutes
	$(GO) vet ./...
	npm run --silent check
	web/e2e/ensure.sh
	$(GO) test -timeout 15m ./...
	npm test --silent
	npm run --silent test:browser

lint: node_modules/.stamp
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

generate: node_modules/.stamp ## templ views and the page's assets
	cd views && $(GO) tool templ generate # the paths in the files are relative to where it runs
	npm run --silent build

# A generated file that is not what its source makes fails the build.
check-generated: generate
	@git diff --exit-code --stat -- views static || { echo "generated files are stale: commit what 'make generate' made"; exit 1; }

$(VENV)/.golden: internal/engine/testdata/requirements.txt
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet -r internal/engine/testdata/requirements.txt
	@touch $@

golden: $(VENV)/.golden ## the reference results, made again by diffusers
	$(PY) internal/engine/testdata/golden.py

# Each fuzz target for FUZZTIME. Minimising what it finds is bounded: its default would take the rest.
FUZZTIME ?= 30s
fuzz:
	@set -e; grep -rn --include='*_test.go' -o '^func Fuzz[A-Za-z0-9]*' internal | sed 's/:.*func /:/' | while IFS=: read -r file target; do \
		echo "$$target in $$(dirname $$file)"; \
		$(GO) test "./$$(dirname $$file)" -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x; \
	done

$(VENV)/.training: training/requirements.txt
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet -r training/requirements.txt
	@touch $@

training/work/latents256.pt: $(VENV)/.training
	cd training && npm install --no-save --no-audit --no-fund --loglevel=error && ../$(PY) data.py && ../$(PY) latents.py

training/work/heldout1024.npy: training/work/latents256.pt
	cd training && ../$(PY) data.py --size 1024 --heldout --name heldout1024

# The embedded model against its bars, beside other work tens of minutes.
eval: training/work/latents256.pt training/work/heldout1024.npy
	cd training && ../$(PY) evaluate.py && ../$(PY) autoencoder.py

# The full bars: of the service 100 kills, 100,000 predictions, 1,000 viewers, creates; of the page
# Lighthouse and fifty runs without a leak. On a quiet machine.
soak: build
	$(GO) test ./cmd/easel -run 'TestKill|TestLargeHistory' -v -bars -kills 100 -kill-history 10000 -history 100000 -timeout 60m
	EASEL_SOAK=1 $(GO) test ./internal/api -run TestSocket -v -timeout 20m
	$(EASEL) bench api --bars
	npm run --silent soak:browser

# ONNX Runtime's CUDA 12 provider libraries, put beside its main library by its package's own script.
# Linux x64; an NVIDIA driver, CUDA 12 and cuDNN 9 are the machine's own.
cuda: node_modules/.stamp
	node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12

# Goldens and figures on a machine with a GPU: DEVICE=cuda (the default) or webgpu.
DEVICE ?= cuda
test-gpu: build
	EASEL_TEST_DEVICE=$(DEVICE) $(GO) test ./internal/engine -run TestDevice -count 1 -v
	$(EASEL) bench engine --device $(DEVICE)
	$(EASEL) bench engine --device $(DEVICE) --variant schnell --steps 4

# FLUX.1-dev's own sizes, random weights: a block of each kind (1 GB of disk), the whole model (51 GB, 16 GiB of memory).
FULL ?= /tmp/easel-full-size
bench-block: $(VENV)/.golden
	$(PY) internal/engine/testdata/fullsize.py $(FULL)-block --only transformer --double 1 --single 1
	EASEL_BENCH_TRANSFORMER=$(FULL)-block/transformer $(GO) test ./internal/engine/flux -run xxx -bench Fast -benchtime 5x -timeout 30m
	rm -r $(FULL)-block

bench-full: build $(VENV)/.golden
	$(PY) internal/engine/testdata/fullsize.py $(FULL)/model --base models/emoji/dev
	$(EASEL) bench full --dev $(FULL)/model --data $(FULL)/data --size 512 --steps 2
	rm -r $(FULL)

# Every figure of the engine and the service; diffusers' beside them where the venv is there. On a quiet machine.
bench: build
	$(EASEL) bench engine
	$(EASEL) bench engine --variant schnell --steps 4
	$(EASEL) bench previews
	$(EASEL) bench fast
	$(GO) test ./internal/engine/nn -run xxx -bench Rounded -benchtime 5x
	$(EASEL) bench api
	@if [ -x $(PY) ]; then $(PY) training/bench_diffusers.py models/emoji/dev; else echo "diffusers: no $(PY), see make golden"; fi

# Rebuilds on every change and reloads the page at the proxy's address. At the end the
# views are generated as they are committed: what is watched is generated another way.
live: build
	npm run --silent watch & trap "kill $$!; $(MAKE) --silent generate" EXIT; \
	$(GO) tool templ generate --watch --proxy=http://127.0.0.1:3000 --open-browser=false \
		--watch-pattern='(.+\.go$$)|(.+\.templ$$)|(static/(app|painter)\.(js|css)$$)' \
		--cmd="$(GO) run ./cmd/easel serve --styleguide"

screenshots: build ## every page at three widths, the playground in both themes
	web/e2e/ensure.sh
	node web/e2e/screenshots.mjs

clean:
	rm -rf bin node_modules $(VENV)
