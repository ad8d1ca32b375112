# Towline's tasks. `make help` lists them. `make demo` and `make test` only need a Swift toolchain.

SHELL := /bin/bash
.DEFAULT_GOAL := help

SWIFT ?= swift
KUBECTL ?= kubectl
CRDS := $(wildcard crds/*.yaml)
ARGS ?=
SANITIZERS ?= address thread

.PHONY: help
help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Installs missing C libraries and test tools, as root or with sudo.
MISSING := $(strip \
	$(if $(wildcard /usr/include/curl/curl.h /usr/include/*/curl/curl.h),,libcurl4-openssl-dev) \
	$(if $(wildcard /usr/include/yaml.h /usr/include/*/yaml.h),,libyaml-dev) \
	$(if $(shell command -v pkg-config),,pkg-config) \
	$(if $(filter test,$(MAKECMDGOALS)),$(if $(shell command -v lua5.1),,lua5.1) \
	  $(if $(shell /usr/bin/python3 -c 'import prometheus_client' 2>&1 || echo no),python3-prometheus-client)))
PRIVILEGED := $(if $(filter 0,$(shell id -u)),env,$(if $(shell sudo -n true 2>/dev/null && echo yes),sudo))

.PHONY: packages
packages:
ifneq ($(MISSING),)
ifeq ($(PRIVILEGED),)
	@echo 'Towline needs some development packages. Run once:' >&2
	@echo "  sudo sh -c 'apt-get update && apt-get install -y $(MISSING)'" >&2
	@exit 1
else
	@echo 'Installing $(MISSING)' >&2
	$(PRIVILEGED) apt-get update -qq
	$(PRIVILEGED) DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(MISSING) >/dev/null
endif
else
	@:
endif

# The commit that `towline version` prints.
export BUILD_COMMIT ?= $(shell git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null)

.PHONY: demo
demo: packages ## Run the sandbox, the operator and all examples in one process (ARGS='--keep')
	$(SWIFT) build --product towline-sandbox
	.build/debug/towline-sandbox demo $(ARGS)

.PHONY: sandbox
sandbox: packages ## Serve a Kubernetes API with simulated engines, with the example workflows (ARGS='--port 8001')
	$(SWIFT) build --product towline-sandbox
	.build/debug/towline-sandbox serve --load-examples $(ARGS)

# All end-to-end tests at once would start fifty operators in the same seconds, and an environment would expire before it is
# ready. Real API servers use most of a small machine, so fewer tests at a time finish sooner.
WIDTH := --experimental-maximum-parallelization-width $(if $(KUBEBUILDER_ASSETS),6,8)

# Builds the release binary too, because a test checks what it links. Tests that measure time run one after the other; the
# end-to-end tests, which wait for processes, run in parallel. Then the simulation must catch every deliberate bug.
.PHONY: test
test: packages build ## Run all tests: unit, module, end-to-end, and deliberate bugs
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --disable-xctest --no-parallel --skip EndToEndTests $(ARGS)
	$(SWIFT) test --skip-build --disable-xctest $(WIDTH) --filter EndToEndTests $(ARGS)
	$(SWIFT) run --skip-build towline-mutate

.PHONY: test-e2e
test-e2e: packages ## Run the end-to-end tests only (KUBEBUILDER_ASSETS or USE_EXISTING_CLUSTER=true choose the cluster)
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --disable-xctest $(WIDTH) --filter EndToEndTests $(ARGS)

# The release binary is stripped, contains the Swift libraries, and exports nothing. Packed relocations (glibc 2.36 and later)
# save a megabyte of resident memory.
GLIBC := $(lastword $(shell getconf GNU_LIBC_VERSION 2>/dev/null))
PACKED := $(if $(shell printf '2.36\n$(GLIBC)\n' | sort -VC && echo yes),-Xlinker -z -Xlinker pack-relative-relocs)
RELEASE := -c release --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker -s -Xlinker --no-export-dynamic $(PACKED)

# Each sanitizer has a separate build folder and takes about ten minutes from a clean clone. The leak detector is off, because it
# does not see references in tagged words, such as closures in enumerations; the simulation checks for leaks.
.PHONY: sanitize
sanitize: packages ## Run the unit and module tests under the address and the thread sanitizer (SANITIZERS=thread)
	export ASAN_OPTIONS=detect_leaks=0; for sanitizer in $(SANITIZERS); do \
		options="--disable-xctest --sanitize $$sanitizer --scratch-path .build-$$sanitizer"; \
		$(SWIFT) build --build-tests --sanitize $$sanitizer --scratch-path .build-$$sanitizer && \
		$(SWIFT) test --skip-build $$options --no-parallel --skip EndToEndTests $(ARGS) || exit 1; \
	done

SEEDS ?= 1000
FIRST ?= 1

.PHONY: simulate
simulate: packages ## Run the operator against simulated faults (SEEDS=100000, FIRST=1)
	$(SWIFT) build $(RELEASE) --product towline-simulate
	.build/release/towline-simulate --first $(FIRST) --count $(SEEDS) --jobs $(shell nproc)

.PHONY: mutants
mutants: packages ## Check that the simulation catches deliberate bugs in the operator (ARGS='--only NAME')
	$(SWIFT) run towline-mutate $(ARGS)

PROGRAMS ?= towline towline-sandbox

.PHONY: build
build: packages ## Build the release binaries bin/towline and bin/towline-sandbox (PROGRAMS=towline for one)
	mkdir -p bin
	for program in $(PROGRAMS); do \
		$(SWIFT) build $(RELEASE) --product $$program && \
		install -m 755 .build/release/$$program bin/$$program || exit 1; \
	done

.PHONY: run
run: packages ## Run the operator against the current kubeconfig
	$(SWIFT) build --product towline
	.build/debug/towline operator $(ARGS)

IMAGE ?= towline:0.1.0
IMAGE_ARGS ?=

.PHONY: image
image: ## Build the container image (IMAGE=registry.example/towline:0.1.0, IMAGE_ARGS='--build-arg SWIFT_IMAGE=...')
	docker build -f deploy/Dockerfile -t $(IMAGE) --build-arg COMMIT=$(BUILD_COMMIT) $(IMAGE_ARGS) .

.PHONY: install
install: ## Install the custom resource definitions into the current cluster
	$(KUBECTL) apply --server-side $(addprefix -f ,$(CRDS))

.PHONY: uninstall
uninstall: ## Remove the definitions, and with them every execution, from the current cluster
	$(KUBECTL) delete --ignore-not-found $(addprefix -f ,$(CRDS))

# A chart is packaged on its own, so it has copies of files from elsewhere in the repository.
CHART_FILES := deploy/chart/towline/files

.PHONY: manifests
manifests: packages ## Write generated files: roles and their table, deploy/install.yaml, deploy/argo-cd, copies in the chart
	$(SWIFT) run towline-manifests .
	deploy/argo-cd/write.sh
	{ echo '# Towline for all namespaces. Written by `make manifests` from deploy/overlays/cluster-wide.'; \
	  echo '#'; \
	  echo '# SET THE IMAGE before you apply this file: `image: towline:…` below names no registry, and no image is published.'; \
	  echo '# Build and push it (docs/image.md), then for example:'; \
	  echo '#   sed "s|image: towline:|image: registry.example/towline:|" deploy/install.yaml | kubectl apply --server-side -f -'; \
	  $(KUBECTL) kustomize deploy/overlays/cluster-wide; } > deploy/install.yaml.new
	mv deploy/install.yaml.new deploy/install.yaml
	mkdir -p $(addprefix $(CHART_FILES)/,crds users policy policy-runs monitoring)
	cp $(CRDS) $(CHART_FILES)/crds/
	cp deploy/base/rbac/users/*-clusterrole.yaml $(CHART_FILES)/users/
	cp deploy/policy/base/policy.yaml $(CHART_FILES)/policy/
	cp deploy/policy/runs/base/runs.yaml $(CHART_FILES)/policy-runs/
	cp $(addprefix deploy/monitoring/,podmonitor.yaml servicemonitor.yaml prometheusrule.yaml towline-dashboard.json) \
	  $(CHART_FILES)/monitoring/

.PHONY: bench
bench: build ## Measure the release binary over the sandbox: memory, start-up, throughput, requests
	$(SWIFT) build -c release --product towline-bench
	.build/release/towline-bench --binary bin/towline --sandbox bin/towline-sandbox $(ARGS)

# With KUBEBUILDER_ASSETS on a real API server, with and without its watch cache.
.PHONY: attack
attack: build ## Attack the release binary as a tenant, and measure its memory and the latency of others (KUBEBUILDER_ASSETS)
	$(SWIFT) build -c release --product towline-bench
	.build/release/towline-bench attack --binary bin/towline $(ARGS)

.PHONY: bench-poll
bench-poll: build ## Measure the cost of verifying 10 and 10,000 of 10,000 runs
	$(SWIFT) build -c release --product towline-bench
	.build/release/towline-bench poll --binary bin/towline --sandbox bin/towline-sandbox $(ARGS)

# SOAK_SEED=n repeats the load and the faults of an earlier soak, as far as timing allows.
.PHONY: soak
soak: SECONDS = 600
soak: build ## Ten minutes of mixed load with faults over the sandbox (SECONDS=60, SOAK_SEED): nothing lost, nothing leaked
	$(SWIFT) build -c release --product towline-bench
	.build/release/towline-bench soak --binary bin/towline --sandbox bin/towline-sandbox --seconds $(SECONDS) $(if $(SOAK_SEED),--seed $(SOAK_SEED))

# FUZZ_TARGET=json runs one parser only; FUZZ_SEED=n starts with that case, FUZZ_CASES=n stops after n cases.
SECONDS ?= 60

.PHONY: fuzz
fuzz: packages ## Fuzz every parser (SECONDS=600, FUZZ_TARGET, FUZZ_SEED)
	$(SWIFT) build -c release --product towline-fuzz
	SECONDS_TO_RUN=$(SECONDS) .build/release/towline-fuzz

.PHONY: docs
docs: packages ## Write the generated tables and pages of the documentation
	$(SWIFT) build --build-tests
	UPDATE_DOCS=true $(SWIFT) test --skip-build --disable-xctest --filter 'ConfigurationPageTests|MetricsReferenceTests|FieldTableTests'

# For a part of the tree: python3 Tests/Tools/Lint/lint.py docs
.PHONY: lint
lint: ## Check formatting, wording, module direction and file sizes
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests
	python3 Tests/Tools/Lint/lint.py

.PHONY: fmt
fmt: ## Format all sources
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

.PHONY: clean
clean: ## Remove build results
	rm -rf .build bin
