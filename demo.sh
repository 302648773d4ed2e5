#!/bin/sh
# Train a small LSTM on a bundled novel, then let it and the bundled model speak. Needs no terminal.
set -eu
rnnterm=${RNNTERM:-rnnterm}
RNNTERM_RUNS=$(mktemp -d)
export RNNTERM_RUNS
trap 'rm -rf "$RNNTERM_RUNS"' EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n%s\n' "$*"; }

say '1. A text as a network sees it:  rnnterm corpus show pride-and-prejudice'
"$rnnterm" corpus show pride-and-prejudice

say '2. Forty-five seconds of learning:  rnnterm train pride-and-prejudice --time-budget 45s'
"$rnnterm" train pride-and-prejudice --name demo --time-budget 45s --hidden-size 384 \
    --set sample_every=15s

say '3. It writes on:  rnnterm generate --model demo --seed "It is a truth universally "'
"$rnnterm" generate --model demo --seed 'It is a truth universally ' --length 300

say '4. The bundled model:  rnnterm generate --model shakespeare --seed "ROMEO:"'
"$rnnterm" generate --model shakespeare --seed 'ROMEO:' --length 300
echo
