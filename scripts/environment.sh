# Sourced by the scripts beside it: makes .venv with what the repository needs, or finds it made already.
# Needs nothing but a Python of at least 3.11 with pip. BURGEE_PYTHON names one; BURGEE_VENV another place.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

VENV=${BURGEE_VENV:-.venv}

can_make_environments() {
  "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
  local candidate
  for candidate in ${BURGEE_PYTHON:-} python3.11 python3.12 python3.13 python3 python3.14 python; do
    if can_make_environments "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  echo "no Python of at least 3.11 with venv and pip was found; name one in BURGEE_PYTHON" >&2
  return 1
}

# What an installation depends on: the interpreter, the dependencies, the place.
fingerprint() {
  "$1" -c 'import hashlib, pathlib, sys
print(sys.version, hashlib.sha256(pathlib.Path("pyproject.toml").read_bytes()).hexdigest(), pathlib.Path.cwd())'
}

# Whether the extra $1 (the extra dev holds all others) is installed for the fingerprint $2.
is_prepared() {
  local stamp
  for stamp in "$VENV/.made-for-$1" "$VENV/.made-for-dev"; do
    if [ -x "$VENV/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$2" ]; then
      return
    fi
  done
  return 1
}

# Install the repository, editable, with the extra $1.
prepare() {
  local python wanted
  python=$(find_python)
  wanted=$(fingerprint "$python")
  if is_prepared "$1" "$wanted"; then
    return
  fi
  # Two runs at once must not install into one place together.
  exec 9<pyproject.toml
  flock 9
  if ! is_prepared "$1" "$wanted"; then
    echo "installing into $VENV, which takes a minute or two the first time" >&2
    "$VENV/bin/python" -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear "$VENV"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[$1]" </dev/null >&2
    echo "$wanted" >"$VENV/.made-for-$1"
  fi
  exec 9<&-
}

# Keep bytecode beside what is installed, also where the caller forbids it: the tests start many hundred
# processes, and each would compile every module anew, which is a quarter of what the daemon's tests take.
keep_bytecode() {
  unset PYTHONDONTWRITEBYTECODE
  PYTHONPYCACHEPREFIX=$(cd "$VENV" && pwd)/bytecode
  export PYTHONPYCACHEPREFIX
}
