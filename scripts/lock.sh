#!/bin/sh
# Compiles requirements/*.txt from pyproject.toml: every package with its hashes, no index address.
set -eu
cd "$(dirname "$0")/.."
UV="${UV:-.venv/bin/uv}"
[ -x "$UV" ] || .venv/bin/python -m pip --disable-pip-version-check install --quiet uv==0.13.9

compile() {
  out=$1
  shift
  "$UV" pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --no-header "$@" --output-file "$out"
}

for service in ingest enrich alert; do
  compile "requirements/$service.txt" --extra "$service"
done
all="--extra ingest --extra enrich --extra alert --extra local --group setup"
# shellcheck disable=SC2086 - the words are options
compile requirements/local.txt $all
# shellcheck disable=SC2086
compile requirements/dev.txt $all --group dev
