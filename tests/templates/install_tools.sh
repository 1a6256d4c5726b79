#!/bin/sh
# Installs the programs that read and run the CI templates into the user's cache, at their locked
# versions: npm's, Python's, Go's. Prints the folder. What cannot be had is left out, and said.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
uv=$root/.venv/bin/uv
cat "$here/package-lock.json" "$root/requirements/templates.txt" "$root"/tools/act/go.sum \
    "$root"/tools/actionlint/go.sum "$0" >"${TMPDIR:-/tmp}/purveyor-tools.$$"
key=$(cksum <"${TMPDIR:-/tmp}/purveyor-tools.$$" | tr -d ' ')
rm -f "${TMPDIR:-/tmp}/purveyor-tools.$$"
tools=${PURVEYOR_CACHE:-$HOME/.cache/purveyor}/template-tools/$key
mkdir -p "$tools/bin" "$tools/npm"

left_out() {
    echo "left out: $1" >&2
}

if [ ! -e "$tools/npm/.ready" ]; then
    cp "$here/package.json" "$here/package-lock.json" "$tools/npm/"
    if (cd "$tools/npm" && npm ci --silent --no-audit --no-fund >&2); then
        touch "$tools/npm/.ready"
    else
        left_out "npm's programs"
    fi
fi
if [ ! -e "$tools/python/.ready" ]; then
    if "$uv" venv --quiet --clear --python "$root/.venv/bin/python" "$tools/python" >&2 &&
        "$uv" pip sync --quiet --require-hashes --python "$tools/python/bin/python" \
            "$root/requirements/templates.txt" >&2; then
        touch "$tools/python/.ready"
    else
        left_out "zizmor and check-jsonschema"
    fi
fi
for pair in act:github.com/nektos/act actionlint:github.com/rhysd/actionlint/cmd/actionlint; do
    name=${pair%%:*}
    if [ ! -x "$tools/bin/$name" ]; then
        (cd "$root/tools/$name" && GOFLAGS="" GOWORK=off CGO_ENABLED=0 go build -mod=readonly -trimpath \
            -buildvcs=false -o "$tools/bin/$name" "${pair#*:}" >&2) || left_out "$name"
    fi
done
echo "$tools"
