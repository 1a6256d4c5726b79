#!/bin/sh
# Builds OpenTofu from its Go module into the user's cache, where no release site can be reached;
# minutes, and a Go module proxy. The version is the one that `purveyor engine install` installs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's|^.*github.com/opentofu/opentofu v\([^ ]*\).*|\1|p' "$here/opentofu/go.mod")
target=${PURVEYOR_CACHE:-$HOME/.cache/purveyor}/engines/opentofu/$version/$(go env GOOS)_$(go env GOARCH)
if [ -x "$target/tofu" ]; then
    exit
fi
mkdir -p "$target"
echo "Building OpenTofu $version from its Go module: about four minutes" >&2
# Without the -X it would call itself a development build (measured). Unlike the workspace and the
# flags of the user's own projects, the pins decide here.
(cd "$here/opentofu" && CGO_ENABLED=0 GOWORK=off GOFLAGS="" GOGC=400 go build -mod=readonly -trimpath \
    -buildvcs=false -ldflags "-s -w -X github.com/opentofu/opentofu/version.dev=no" \
    -o "$target/.tofu.$$" github.com/opentofu/opentofu/cmd/tofu) || {
    rm -f "$target/.tofu.$$"
    exit 1
}
mv "$target/.tofu.$$" "$target/tofu"
