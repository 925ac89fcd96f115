#!/bin/sh
echo "$#: $1"
pwd
echo "$2" > "$3"
test "$1" != fail
