#!/bin/sh
# Brings the stores that tests run against into the user's cache, at their pinned versions: MinIO
# and fake-gcs-server from their Go modules, Azurite from npm. What cannot be had is left out, said.
set -u
here=$(cd "$(dirname "$0")" && pwd)
stores=${PURVEYOR_CACHE:-$HOME/.cache/purveyor}/stores

left_out() {
    echo "make tools: $1 is left out: $2" >&2
}

# build NAME PACKAGE: builds the package that tools/NAME/go.mod pins.
build() {
    version=$(sed -n "s|^.*$2 \(v[^ ]*\).*|\1|p" "$here/$1/go.mod")
    target=$stores/$1/$version
    if [ -x "$target/$1" ]; then
        return
    fi
    if ! command -v go >/dev/null; then
        left_out "$1" "no \`go\` on PATH"
        return
    fi
    mkdir -p "$target"
    echo "Building $1 $version from its Go module: minutes the first time" >&2
    # Unlike the workspace and the flags of the user's own projects, the pins decide here.
    if (cd "$here/$1" && CGO_ENABLED=0 GOWORK=off GOFLAGS="" go build -mod=readonly -trimpath \
        -buildvcs=false -ldflags "-s -w" -o "$target/.$1.$$" "$2" >&2); then
        mv "$target/.$1.$$" "$target/$1"
    else
        left_out "$1" "\`go build\` failed"
    fi
}

install_azurite() {
    version=$(sed -n 's|^ *"azurite": "\(.*\)"$|\1|p' "$here/azurite/package.json")
    target=$stores/azurite/$version
    if [ -e "$target/node_modules" ]; then
        return
    fi
    if ! command -v npm >/dev/null; then
        left_out Azurite "no \`npm\` on PATH"
        return
    fi
    staging=$target.$$
    mkdir -p "$staging"
    cp "$here/azurite/package.json" "$here/azurite/package-lock.json" "$staging/"
    echo "Installing Azurite $version from npm" >&2
    if (cd "$staging" && npm ci --silent --no-audit --no-fund --ignore-scripts >&2); then
        mv "$staging" "$target"
    else
        rm -rf "$staging"
        left_out Azurite "\`npm ci\` failed"
    fi
}

build minio github.com/minio/minio
build fake-gcs-server github.com/fsouza/fake-gcs-server
install_azurite
