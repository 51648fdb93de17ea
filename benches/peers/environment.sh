# Sourced by the scripts beside it: makes the virtual environment $environment once, with $packages.
environment=${environment:-target/peers-venv}
packages=${packages:-numpy torch}
# The last file of a complete set-up; an interrupted one is done again.
if [ ! -e "$environment/ready" ]; then
    python3 -m venv "$environment"
    # Several words on purpose.
    # shellcheck disable=SC2086
    "$environment/bin/pip" install --quiet $packages >&2
    touch "$environment/ready"
fi
