# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# A table of contents: each target calls one script. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 18

.PHONY: demo demo-down
demo: ## set this machine up and run a Moodle site in Docker Compose
	scripts/demo.sh up
demo-down: ## remove the demo; data goes only with CONFIRM=yes
	scripts/demo.sh down

.PHONY: test test-fast lint sanity unit test-tools test-image test-molecule test-e2e
test: ## every test, from a fresh machine; with CHANGED=1 the tiers whose files differ from main
	scripts/test.sh $(if $(CHANGED),changed,e2e tools image molecule fast build)
test-fast: ## lint, sanity and unit tests, under 5 minutes
	scripts/test.sh fast
lint: ## linters, types, documentation, changelog
	scripts/test.sh lint
sanity: ## ansible-test sanity
	scripts/test.sh sanity
unit: ## unit tests
	scripts/test.sh unit
test-tools: ## modules against real Helm, restic, S3 and a real Kubernetes API
	scripts/test.sh tools
test-image: ## the site image's commands and exit codes in real containers
	scripts/test.sh image
test-molecule: ## roles on locally bootstrapped systemd containers
	scripts/test.sh molecule
test-e2e: ## site.yml to a running site, then day 2 on it
	scripts/test.sh e2e

.PHONY: bench screenshot
bench: ## medians and ratios, measured in one run; never a test
	scripts/bench.sh
screenshot: ## take the README's picture of a running site with Chromium
	scripts/screenshot.sh

.PHONY: build docs changelog lock
build: ## build the archive, check it with galaxy-importer, run it by its full name
	scripts/build.sh
docs: ## write the tables of the pages that follow from the code
	scripts/setup.sh python && . scripts/env.sh && PYTHONPATH=$$COLLECTIONS scripts/document_variables.py
changelog: ## check what the next release will say
	scripts/setup.sh python && . scripts/env.sh && antsibull-changelog lint
lock: ## renew requirements/*.txt
	scripts/lock.sh
