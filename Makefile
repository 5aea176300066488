# Each target does all of its own set-up. What they need: Rust, and a package registry for its crates.
.DEFAULT_GOAL := help
.PHONY: help demo test bench evaluate docs fuzz house clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: ## a guarded classifier of handwritten digits: clean, drifted, noisy and adversarial batches
	@scripts/demo $(ARGS)

test: ## all that can be tested on this machine; lists what it skipped
	@scripts/test

bench: ## this project beside its peers and the limit, in one run
	@scripts/bench $(ARGS)

evaluate: ## how good the methods are, beside peers and trivial baselines
	@scripts/evaluate $(ARGS)

docs: ## the documentation: of Rust in target/doc, the site of the Julia package in docs/build
	@scripts/docs

fuzz: ## damaged files, options, sketches, CSVs and calls, made by a fuzzer: ARGS="SECONDS TARGET"
	@scripts/fuzz $(ARGS)

house: ## what tends to grow, counted, with its limit
	@scripts/house

clean: ## removes what was built and what was fetched (target, .cache)
	rm -rf target .cache docs/build docs/src/more
