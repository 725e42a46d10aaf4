# sipd: the two commands are `make demo` and `make test`.
.PHONY: build plugins demo test day check deps fuzz bench bench-restart bench-faults bench-dispatch proto clean

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 60s
OUTAGE  ?= 60s
PROCS   ?= $(shell nproc)

build:                ## static binary at bin/sipd
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/sipd ./cmd/sipd

plugins:              ## the example policies in Go at bin/plugins
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/plugins/ ./plugins/roundrobin ./plugins/skillscore

demo: build           ## a whole call on the embedded database, live in the terminal
	bin/sipd demo

test: deps check      ## everything, with MariaDB, SIPp and baresip
	$(GO) test -race -count=1 -timeout 12m ./...

day:                  ## 24 hours of virtual time: 86,400 calls, phones that vanish, reloads, restarts (5 minutes)
	$(GO) test -run '^TestDay$$' -count=1 -v -timeout 60m ./modules/callcenter -args -day 24h

check:                ## formatting and vet
	@bad=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$bad" ] || { echo "gofmt: $$bad"; exit 1; }
	$(GO) vet ./...

deps:                 ## Debian packages the tests need
	@scripts/deps.sh gcc:gcc mariadbd:mariadb-server sipp:sip-tester baresip:baresip \
		python/grpc:python3-grpcio python/google.protobuf:python3-protobuf

fuzz:                 ## each fuzz target for FUZZTIME
	@scripts/fuzz.sh $(FUZZTIME)

bench:                ## speed: the engine, the whole server, and Kamailio beside it
	@scripts/deps.sh sipp:sip-tester kamailio:kamailio
	$(GO) test -run '^$$' -bench . -benchtime 2s ./modules/callcenter/engine ./plugins/policy ./scripting ./core/...
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 10m ./test/bench

bench-restart:        ## kill -9 under 1,000 live calls, 20 times: what survives
	$(GO) test -run '^$$' -bench Restart -benchtime 1x -timeout 10m ./test/bench

bench-faults:         ## the database or a disk fails for OUTAGE under a steady load of calls
	@scripts/deps.sh mariadbd:mariadb-server
	$(GO) test -run '^$$' -bench Faults -benchtime 1x -timeout 6h ./test/bench -args -outage $(OUTAGE)

proto:                ## the Go code of the plugins' protocol, from its .proto
	@scripts/deps.sh protoc:protobuf-compiler
	GO=$(GO) scripts/proto.sh

bench-dispatch:       ## dispatch policies in virtual time, against what is possible: writes docs/dispatch.md (2 minutes)
	$(GO) run ./test/bench/dispatch

clean:
	rm -rf bin
