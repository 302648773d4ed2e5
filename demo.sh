#!/bin/sh
# Train a small network on a bundled text, then let it and the bundled model speak.
echo
