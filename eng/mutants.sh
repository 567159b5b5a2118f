#!/usr/bin/env bash
# Shows that the tests notice a broken product: each tests/mutants/NAME.patch breaks one thing, and the tests that the
# patch names must then fail (tests/mutants/README.md). Usage: eng/mutants.sh [NAME …]
#
# For each patch: 1. the named tests pass on the unpatched tree; 2. the patch applies; 3. the patched tree compiles;
# 4. at least one of the named tests fails; 5. the patch is taken back. One line a mutant on standard output:
# "killed NAME …" or "SURVIVED NAME …" with the reason; progress on standard error. All builds happen in one scratch
# copy of the tree.
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
test_minutes=10

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    for patch in "$root"/tests/mutants/*.patch; do
        [ -f "$patch" ] && names+=("$(basename "$patch" .patch)")
    done
fi
[ ${#names[@]} -gt 0 ] || { echo "No mutants in tests/mutants." >&2; exit 1; }

scratch="$(mktemp -d "${TMPDIR:-/tmp}/pelago-mutants.XXXXXX")"
trap 'rm -rf "$scratch"' EXIT
log="$scratch/build.log"
tree="$scratch/tree"
mkdir "$tree"
(cd "$root" && find . \( -name bin -o -name obj -o -name artifacts -o -name .git -o -name '.pelago*' \) -prune \
    -o -type f -print0 | tar -c --null -T -) | tar -x -C "$tree"
export GIT_CEILING_DIRECTORIES="$scratch"

build_project() {
    (cd "$tree" && timeout $((test_minutes * 60)) dotnet build "tests/$1" -c Release -v q -nologo \
        -p:RunAnalyzers=false -p:TreatWarningsAsErrors=false < /dev/null > "$log" 2>&1)
}

# run_tests PROJECT FILTER…: 0 all passed, 1 some failed (or hung), 2 none ran or no report.
run_tests() {
    local project="$1" report="$scratch/report.xml" status head
    shift
    rm -f "$report"
    (cd "$tree" && timeout --kill-after=10 $((test_minutes * 60)) \
        dotnet "tests/$project/bin/Release/net10.0/Pelago.Tests.$project.dll" -noColor -xml "$report" "$@" \
        < /dev/null > "$scratch/test.log" 2>&1)
    status=$?
    [ $status -eq 124 ] && return 1
    head="$(head -c 4000 "$report" 2> /dev/null)"
    case "$head" in *' total="0"'* | '') return 2 ;; esac
    [ $status -eq 0 ]
}

survived=0
survive() {
    survived=$((survived + 1))
    echo "SURVIVED $*"
}

baseline=""
for name in "${names[@]}"; do
    started=$SECONDS
    patch="$root/tests/mutants/$name.patch"
    [ -f "$patch" ] || { survive "$name: there is no tests/mutants/$name.patch"; continue; }
    line="$(sed -n 's/^# kill: *//p' "$patch" | head -n 1)"
    # Two words' worth of quoting is enough for filters such as -class "*Frontier*"; nothing is expanded.
    read -r project filter <<< "$line"
    if [ -z "$project" ] || [ -z "${filter:-}" ] || [ ! -d "$root/tests/$project" ]; then
        survive "$name: its header needs a line '# kill: PROJECT FILTER', PROJECT being a folder of tests/"
        continue
    fi
    mapfile -t filters < <(xargs -n 1 <<< "$filter")

    echo "mutant $name …" >&2
    if [ "$baseline" != "$line" ]; then
        if ! build_project "$project"; then
            survive "$name: the unpatched tree does not build: $(grep -m1 'error' "$log")"
            continue
        fi
        if ! run_tests "$project" "${filters[@]}"; then
            survive "$name: '$line' does not pass on the unpatched tree, or runs no test"
            continue
        fi
        baseline="$line"
    fi
    if ! (cd "$tree" && git apply "$patch" 2> "$log"); then
        survive "$name: the patch does not apply: $(head -n 1 "$log")"
        continue
    fi
    if ! build_project "$project"; then
        survive "$name: the patched tree does not compile: $(grep -m1 'error' "$log")"
    else
        run_tests "$project" "${filters[@]}"
        case $? in
            1) echo "killed $name by $line, $((SECONDS - started)) s" ;;
            0) survive "$name: $line still passes" ;;
            *) survive "$name: $line ran no test or left no report" ;;
        esac
    fi
    (cd "$tree" && git apply --reverse "$patch") || { survive "$name: the patch cannot be taken back"; exit 1; }
    # Files get a new modification time, so that the next build sees that they changed back.
    sed -n 's#^+++ b/##p' "$patch" | while read -r file; do [ -f "$tree/$file" ] && touch "$tree/$file"; done
done
[ $survived -eq 0 ]
