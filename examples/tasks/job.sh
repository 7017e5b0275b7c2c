#!/bin/sh
# A job of two steps; $MARK is "memwatch-preload mark" in a run, and true elsewhere.
set -e
$MARK begin first
"$1/stages"
$MARK end first
$MARK begin second
"$1/stages" & "$1/stages" & wait
$MARK end second
