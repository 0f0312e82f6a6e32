#!/bin/sh
# Makes the zip file named by the first argument: handler.py and what requirements.txt asks for.
# The same wheels make the same bytes, whenever and in whatever directory it runs.
set -eu
archive=$1
python=${PYTHON:-python3}
export PIP_ROOT_USER_ACTION=ignore

rm -rf package
# Wheels only: nothing is compiled here. Only files with a known hash: what is installed today is installed next year.
set -- --quiet --disable-pip-version-check --no-compile --only-binary=:all: --require-hashes -r requirements.txt --target package
# The wheels of this machine, unless others are asked for.
for platform in ${WHEEL_PLATFORM:-}; do
  set -- "$@" --platform "$platform"
done
"$python" -m pip install "$@"
cp handler.py package/
"$python" zip.py package "$archive"
