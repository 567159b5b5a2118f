#!/usr/bin/env bash
# Runs tests: ./pelago test [unit|conformance|simulation|endtoend|tidy|mutants|all] [options of the xunit runner].
# Installs the system packages that tests need (not for `unit`), builds, runs each suite, and ends with the line
# "N passed, N failed, N skipped". A suite that crashes, hangs or runs no test counts as one failure.
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root" || exit 1
results="$root/artifacts/test"
analyzers=false # they take longer than the compiler: `all` and `tidy` have them, and every plain `dotnet build`
# One compiler for all projects, also where the machine's settings say otherwise.
export UseSharedCompilation=true
# Tests start many processes that live for seconds. Usually a method that was called 30 times is compiled anew, to
# observe it, and then once more with what was seen: each process does that for its first half minute, and most end
# before they gain by it. The number is hexadecimal.
export DOTNET_TieredPGO=0 DOTNET_TC_CallCountThreshold=1000
suite_minutes=30

passed=0 failed=0 skipped=0

say() { printf '%s\n' "$*" >&2; }

finish() {
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}

# Counts a failure that no test reported, and says what it was.
fault() {
    failed=$((failed + 1))
    echo "FAILED $*"
}

build() {
    say "Building $* …"
    local target started=$SECONDS
    for target in "$@"; do
        dotnet build "$target" -c Release -p:RunAnalyzers=$analyzers -v q -nologo < /dev/null \
            > "$results/build.log" 2>&1 && continue
        grep -E '(error|warning) [A-Z]+[0-9]+' "$results/build.log" | sort -u | head -n 30 \
            || tail -n 30 "$results/build.log"
        fault "build of $target"
        finish
    done
    say "Built in $((SECONDS - started)) s."
}

# What the simulator runs beside today's kernel.
build_earlier() { "$root/eng/earlier.sh" "$1" < /dev/null || { fault "build of the earlier commit's $1"; finish; }; }

attribute() { head -c 4000 "$1" | sed -n "s/.*<assembly [^>]*[ ]$2=\"\([0-9]*\)\".*/\1/p" | head -n 1; }

# Of a runner's output, each test that failed or was skipped, with its message and stack. The program's own output stays
# in the log.
show_failures() {
    awk '/^    [^ ].*\[(FAIL|SKIP)\]$/ { inside = 1; print; next }
         /^      / { if (inside) print; next }
         { inside = 0 }' "$1"
}

# run_suite PROJECT [options]: runs one test executable and adds its counts.
run_suite() {
    local project="$1" report="$results/$1.xml" log="$results/$1.log" status started=$SECONDS total ok bad skip errors
    shift
    rm -f "$report"
    say "Testing $project …"
    timeout --kill-after=30 $((suite_minutes * 60)) \
        dotnet "tests/$project/bin/Release/net10.0/Pelago.Tests.$project.dll" -xml "$report" -noColor \
        -longRunning 60 "$@" < /dev/null > "$log" 2>&1
    status=$?
    if [ ! -s "$report" ]; then
        tail -n 40 "$log"
        fault "$project: the test program ended with status $status and no report" \
            "(124: it ran longer than $suite_minutes minutes)"
        return
    fi
    total="$(attribute "$report" total)" ok="$(attribute "$report" passed)" bad="$(attribute "$report" failed)"
    skip="$(attribute "$report" skipped)" errors="$(attribute "$report" errors)"
    passed=$((passed + ${ok:-0})) failed=$((failed + ${bad:-0} + ${errors:-0})) skipped=$((skipped + ${skip:-0}))
    if [ "${total:-0}" -eq 0 ]; then
        fault "$project: no test ran"
    elif [ "$status" -ne 0 ]; then
        show_failures "$log"
        [ $((${bad:-0} + ${errors:-0})) -gt 0 ] || fault "$project: the test program ended with status $status"
    fi
    printf '%-12s %5d passed, %d failed, %d skipped, %d s\n' "$project" "${ok:-0}" "$((${bad:-0} + ${errors:-0}))" \
        "${skip:-0}" "$((SECONDS - started))"
}

# Tries mutants, all or those of the names: ./pelago test mutants [NAME …]. `all` does it beside another suite.
try_mutants() { "$root/eng/mutants.sh" "$@" > "$results/mutants.txt"; }

# count_mutants SECONDS: a mutant that was killed counts as passed, one that survived as failed.
count_mutants() {
    local report="$results/mutants.txt" ok bad
    grep -vE '^(control|killed) ' "$report"
    ok="$(grep -c '^killed ' "$report")" bad="$(grep -c '^SURVIVED ' "$report")"
    passed=$((passed + ok)) failed=$((failed + bad))
    if [ $((ok + bad)) -eq 0 ]; then fault "mutants: none ran"; fi
    printf '%-12s %5d passed, %d failed, 0 skipped, %d s\n' Mutants "$ok" "$bad" "$1"
}

case "${1:-}" in
    -h | --help) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;;
esac
mkdir -p "$results"
selection="${1:-all}"
[ $# -eq 0 ] || shift

if ! command -v dotnet > /dev/null; then
    say "error PLG1901: the .NET SDK is not installed. Install the .NET 10 SDK: https://dotnet.microsoft.com/download"
    exit 1
fi
case "$selection" in all | tidy) analyzers=true ;; esac
case "$selection" in
    unit) ;;
    all | conformance | simulation | endtoend | tidy | mutants)
        "$root/eng/setup.sh" || { fault "set-up of system packages"; finish; }
        ;;
    *)
        say "error PLG1904: there is no suite $selection."
        say "Suites: unit, conformance, simulation, endtoend, tidy, mutants, all."
        exit 2
        ;;
esac

case "$selection" in
    unit) build tests/Unit; run_suite Unit "$@" ;;
    conformance) build tests/Conformance; run_suite Conformance "$@" ;;
    simulation) build tests/Simulation; build_earlier kernel; run_suite Simulation "$@" ;;
    tidy) build tests/Tidy; run_suite Tidy "$@" ;;
    mutants)
        build tests/Unit tests/Conformance tests/Simulation
        build_earlier kernel
        say "Testing mutants …"
        started=$SECONDS
        try_mutants "$@"
        count_mutants $((SECONDS - started))
        ;;
    endtoend)
        build tests/EndToEnd
        build_earlier bookstore
        "$root/pelago" version > /dev/null || { fault "./pelago version"; finish; }
        run_suite EndToEnd "$@"
        ;;
    all)
        build Pelago.slnx
        build_earlier kernel
        build_earlier bookstore
        run_suite Tidy "$@"
        run_suite Unit "$@"
        run_suite Conformance "$@"
        run_suite Simulation "$@"
        "$root/pelago" version > /dev/null || { fault "./pelago version"; finish; }
        # A mutant says something only where its test passes without it.
        mutants=''
        if [ "$failed" -eq 0 ]; then
            say "Testing mutants, and then the rest beside them …"
            started=$SECONDS
            : > "$results/mutants.txt"
            try_mutants --background &
            mutants=$!
            trap 'kill "$mutants" 2> /dev/null' EXIT
            # Their control compiles what the worlds of the next suite publish.
            while kill -0 "$mutants" 2> /dev/null && ! grep -q '^control ' "$results/mutants.txt"; do sleep 1; done
        else
            say "Mutants are not tried: tests fail without them."
        fi
        run_suite EndToEnd "$@"
        if [ -n "$mutants" ]; then
            wait "$mutants"
            count_mutants $((SECONDS - started))
        fi
        ;;
esac
finish
