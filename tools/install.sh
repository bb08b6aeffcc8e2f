#!/bin/sh
# Installs requirements that have hashes: install.sh PYTHON FILE, the interpreter of an environment.
set -eu
python=$1 file=$2
# Seconds, where pip takes a minute. It knows neither a mirror nor a proxy from pip's settings: where
# it fails, pip tries, and tells what is wrong.
"$(dirname "$0")/../.venv/bin/uv" pip install --quiet --python "$python" --compile-bytecode \
    --require-hashes -r "$file" 2>/dev/null ||
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$file"
