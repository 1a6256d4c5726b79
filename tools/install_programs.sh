#!/bin/sh
# Brings the programs that tests run against into the user's cache, at their pinned versions: MinIO,
# fake-gcs-server, Pulumi and Kubernetes from their Go modules, Azurite from npm. What cannot be had
# is left out, said.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cache=${PURVEYOR_CACHE:-$HOME/.cache/purveyor}

left_out() {
    echo "make tools: $1 is left out: $2" >&2
}

# pin NAME MODULE: the version that tools/NAME/go.mod pins.
pin() {
    sed -n "s|^[[:space:]]*$2 \(v[^ ]*\).*|\1|p" "$here/$1/go.mod"
}

# build NAME TARGET LINKED PACKAGE...: builds packages of the module tools/NAME into a folder, with
# variables that the linker sets.
build() {
    name=$1 target=$2 linked=$3
    shift 3
    for package; do last=${package##*/}; done
    if [ -x "$target/$last" ]; then
        return
    fi
    if ! command -v go >/dev/null; then
        left_out "$name" "no \`go\` on PATH"
        return
    fi
    staging=$target/.new.$$
    mkdir -p "$staging"
    echo "Building $name ${target##*/} from its Go module: minutes the first time" >&2
    # Unlike the workspace and the flags of the user's own projects, the pins decide here. The
    # compiler collects garbage less often: it lives for seconds.
    if (cd "$here/$name" && CGO_ENABLED=0 GOWORK=off GOFLAGS="" GOGC=400 go build -mod=readonly -trimpath \
        -buildvcs=false -ldflags "-s -w $linked" -o "$staging/" "$@" >&2); then
        mv "$staging"/* "$target/"
    else
        left_out "$name" "\`go build\` failed"
    fi
    rm -rf "$staging"
}

install_azurite() {
    version=$(sed -n 's|^ *"azurite": "\(.*\)"$|\1|p' "$here/azurite/package.json")
    target=$cache/stores/azurite/$version
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

minio=github.com/minio/minio
gcs=github.com/fsouza/fake-gcs-server
build minio "$cache/stores/minio/$(pin minio $minio)" "" $minio
build fake-gcs-server "$cache/stores/fake-gcs-server/$(pin fake-gcs-server $gcs)" "" $gcs
install_azurite

# The plugin for programs in YAML is a module with older pins of its own; it has to lie beside.
pulumi=github.com/pulumi/pulumi
version=$(pin pulumi $pulumi/pkg/v3)
build pulumi "$cache/tools/pulumi/$version" "-X $pulumi/sdk/v3/go/common/version.Version=$version" \
    $pulumi/pkg/v3/cmd/pulumi
build pulumi-language-yaml "$cache/tools/pulumi/$version" "" \
    github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml
build pulumi "$cache/tools/pulumi/$version" "" ./pulumi-resource-x

# The parts of the control plane are one program here, so that their packages are linked once.
# Without the numbers, kubectl cannot tell versions.
version=$(pin kubernetes k8s.io/kubernetes)
minor=${version#v*.}
numbers=
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    numbers="$numbers -X $package.gitVersion=$version -X $package.gitMajor=1"
    numbers="$numbers -X $package.gitMinor=${minor%.*}"
done
build kubernetes "$cache/tools/kubernetes/$version" "$numbers" \
    ./control-plane k8s.io/kubernetes/cmd/kubectl
