#!/usr/bin/env bash
# The quick tests of CloudModels/training: makes a virtual environment outside the checkout if there is none that fits,
# then runs pytest in it. Options go to pytest. UNDERPAINT_RENDERER=1 installs the renderer too (and needs libllvm19);
# without it the tests that render are skipped.
set -euo pipefail
cd "$(dirname "$0")/../CloudModels/training"

renderer="${UNDERPAINT_RENDERER:-0}"
venv="${XDG_CACHE_HOME:-$HOME/.cache}/underpaint/venv"
wanted="$(cat requirements.txt pyproject.toml <(echo "renderer $renderer") | sha256sum | cut -d' ' -f1)"

if [[ "$(cat "$venv/wanted" 2>/dev/null)" != "$wanted" ]]; then
    python=""
    for candidate in python3.11 python3 python3.12 python3.13; do
        # A version manager's shim may exist without its Python.
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python="$candidate"
            break
        fi
    done
    if [[ -z "$python" ]]; then
        echo "Python 3.11 or newer is needed and was not found." >&2
        exit 1
    fi
    rm -rf "$venv"
    "$python" -m venv "$venv"
    pip=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check)
    torch="$(grep '^torch==' requirements.txt)"
    # The default build for Linux brings 4 GB of CUDA libraries that no test uses.
    if ! "${pip[@]}" "$torch+cpu" 2>/dev/null; then
        echo "no package '$torch+cpu' at hand: installing '$torch'; PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS may name a" \
            "place that has PyTorch's much smaller CPU build" >&2
        "${pip[@]}" "$torch"
    fi
    mapfile -t others < <(grep -v -e '^torch==' -e '^mitsuba==' requirements.txt)
    mapfile -t pytest < <(grep -o 'pytest==[0-9.]*' pyproject.toml)
    ((renderer)) && others+=("$(grep '^mitsuba==' requirements.txt)")
    "${pip[@]}" "${others[@]}" "${pytest[@]}"
    echo "$wanted" >"$venv/wanted"
fi

export GOMP_SPINCOUNT=1000
exec "$venv/bin/python" -m pytest -q -rs "$@"
