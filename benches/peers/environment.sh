# Sourced by the scripts beside it: makes the virtual environment $environment once.
environment=target/peers-venv
# The last file of a complete set-up; an interrupted one is done again.
if [ ! -e "$environment/ready" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet numpy torch >&2
    touch "$environment/ready"
fi
