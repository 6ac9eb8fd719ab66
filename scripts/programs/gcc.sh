#!/bin/bash
# gcc: compiles and links a program of two C files in one command.
. "$(dirname "$0")/common.sh" gcc "$@"

mkdir "$data/tmp"
export TMPDIR=$data/tmp
cat >"$data/main.c" <<'C'
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int square(int);

int main(void) {
    int values[] = {3, 1, 2}, sum = 0;
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++)
        sum += square(values[i]);
    printf("%d %.3f %zu\n", sum, sqrt(sum), strlen("four"));
    return EXIT_SUCCESS;
}
C
echo 'int square(int x) { return x * x; }' >"$data/square.c"

run gcc gcc -Wall -O2 -g -o "$data/program" "$data/main.c" "$data/square.c" -lm

equal 'output of the compiled program' '14 3.742 4' "$("$data/program")"
pass
