GO ?= go

.PHONY: build test race doors golden golden-matrix lint score observed fidelity fuzz mutate selfcheck typing bench

build: ## bin/fixer
	$(GO) build -o bin/ ./cmd/fixer

test: lint ## everything
	$(GO) test -timeout 30m ./...
	$(MAKE) race

race: ## the race tests of the golden cases, before and after the fix
	$(GO) test ./golden -run '^TestRace$$' -race.cases -timeout 30m

golden: ## write what fixer does now into the golden files, the scripts and the README
	cd golden && $(GO) test -run '^TestCases$$' -update
	cd golden && $(GO) test -run '^TestReadme$$' -update
	$(GO) test ./cmd/fixer -run '^TestScripts$$' -update

golden-matrix: ## which case shows which rule at which place of the syntax, and where none does
	@mkdir -p bin
	@$(GO) test ./golden -run '^TestMatrix$$' -matrix $(CURDIR)/bin/matrix.txt >&2
	@cat bin/matrix.txt

lint:
	@unformatted=$$(gofmt -l cmd golden rewrite rules); \
	if [ -n "$$unformatted" ]; then echo "not formatted: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	cd cmd/golangci && $(GO) vet .
	$(GO) tool staticcheck ./...

doors: ## the tests with real programs, those that take hundreds of megabytes included
	FIXER_DOORS=all $(GO) test ./cmd/fixer/doors -timeout 60m

score: ## what fixer finds in the race suite of the Go installation; the score comes last
	@mkdir -p bin
	@$(GO) test ./rewrite/driver -run '^TestRaceSuite$$' -score $(CURDIR)/bin/score.txt >&2
	@cat bin/score.txt

observed: ## what becomes of the races that the race tests of the golden cases show, or of each EVERY-th; the sum comes last
	@mkdir -p bin
	@$(GO) test ./golden -run '^TestObserved$$' -timeout 2h -observed $(CURDIR)/bin/observed.txt -observed.every $(or $(EVERY),1) >&2
	@cat bin/observed.txt

fidelity: ## edits every declaration of every file of GOROOT/src, or of DIRS; what became of the other bytes comes last
	@mkdir -p bin
	@$(GO) test ./rewrite/edit -run '^TestFidelity$$' -timeout 10h -fidelity $(CURDIR)/bin/fidelity.txt -fidelity.dirs '$(DIRS)' >&2
	@cat bin/fidelity.txt

fuzz: ## each fuzz target for TIME (20m); a line for each says how far it came
	@mkdir -p bin
	@failed=0; for target in $$(grep -rEo '^func Fuzz[A-Za-z]+' --include='*_test.go' rewrite | sed 's|/[^/]*:func |:|'); do \
		pkg=$${target%:*}; name=$${target#*:}; log=bin/fuzz-$$name.txt; \
		end=crashed; $(GO) test ./$$pkg -run '^$$' -fuzz "^$$name\$$" -fuzztime $(or $(TIME),20m) -parallel $(or $(PARALLEL),2) >$$log 2>&1 && end=passed || failed=1; \
		echo "fuzz: $$pkg $$name $$end after $$(grep -o 'elapsed.*' $$log | tail -1)"; \
	done; exit $$failed

mutate: ## takes protections away from programs that are right, those of the golden cases or of DIRS, of one KIND or all, and mends them; the sum comes last
	@mkdir -p bin
	@$(GO) test ./golden -run '^TestMutate$$' -timeout 10h -mutate $(CURDIR)/bin/mutate.txt -mutate.dirs '$(DIRS)' -mutate.kind '$(KIND)' >&2
	@cat bin/mutate.txt

selfcheck: ## fixer over itself, or over the modules of DIRS, and what go build and go vet say of the result; the sum comes last
	@mkdir -p bin
	@$(GO) test ./golden -run '^TestSelfcheck$$' -timeout 10h -selfcheck $(CURDIR)/bin/selfcheck.txt -selfcheck.dirs '$(or $(DIRS),$(CURDIR))' >&2
	@cat bin/selfcheck.txt

typing: ## types the files of all golden cases, character by character, for the language server
	$(GO) test ./rewrite/lsp -run '^TestTyping$$' -timeout 10h -lsp.all

bench: ## what analysis takes, measured by what loading takes, and the whole by vet and staticcheck; FIXER_BENCH_DIR=DIR:DIR names modules
	$(GO) test -bench '$(or $(BENCH),.)' -run '^$$' -benchtime $(or $(BENCHTIME),1s) -timeout 1h ./cmd/fixer
