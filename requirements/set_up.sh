#!/bin/sh
# Makes or renews .venv: everything at its locked version and hash. PYTHON names the Python to use.
set -eu

candidates=${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}

is_whole() {
    "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

make_venv() {
    for python in $candidates; do
        if is_whole "$python"; then
            echo "Making .venv with $("$python" --version) ($python)"
            "$python" -m venv --clear .venv
            return
        fi
    done
    echo "error: no Python 3.11 or newer with its venv module" >&2
    echo "  tried: $candidates" >&2
    echo "  next: install one (on Debian python3 and python3-venv), or name it: make PYTHON=..." >&2
    exit 1
}

# uv is locked in dev.txt too: once there, it renews itself, and pip is not needed again.
if ! .venv/bin/uv --version >/dev/null 2>&1 || ! .venv/bin/python --version >/dev/null 2>&1; then
    make_venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
        --only-binary :all: --require-hashes -r requirements/bootstrap.txt
fi
.venv/bin/uv pip sync --quiet --require-hashes --compile-bytecode \
    --python .venv/bin/python requirements/dev.txt
.venv/bin/uv pip install --quiet --no-deps --no-build-isolation --python .venv/bin/python -e .
