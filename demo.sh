#!/bin/sh
# Train a small LSTM on a bundled novel, then let it and the bundled model write. Needs no terminal.
set -eu
rnnterm=${RNNTERM:-rnnterm}
budget=${DEMO_BUDGET:-45s}
RNNTERM_RUNS=$(mktemp -d)
export RNNTERM_RUNS
trap 'rm -rf "$RNNTERM_RUNS"' EXIT

# Show a command as a person would type it, then run it.
run() {
    if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
        printf '\n\033[1m$ rnnterm %s\033[0m\n' "$*"
    else
        printf '\n$ rnnterm %s\n' "$*"
    fi
    "$rnnterm" "$@"
}

run corpus show pride-and-prejudice
run train pride-and-prejudice --name demo --time-budget "$budget" --hidden-size 384 --set sample_every=15s
run generate --model demo --seed 'It is a truth universally ' --length 300
echo
run generate --model shakespeare --seed 'ROMEO:' --length 300
echo
