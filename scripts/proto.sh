#!/bin/sh
# proto.sh generates the Go code of plugins/policy/policypb from its .proto with
# Debian's protoc and the generators of the versions below.
set -eu
cd "$(dirname "$0")/.."
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
GOBIN=$bin ${GO:-go} install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
GOBIN=$bin ${GO:-go} install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
PATH=$bin:$PATH protoc -I plugins/policy/policypb \
	--go_out=plugins/policy/policypb --go_opt=paths=source_relative \
	--go-grpc_out=plugins/policy/policypb --go-grpc_opt=paths=source_relative policy.proto
