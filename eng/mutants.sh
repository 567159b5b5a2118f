#!/usr/bin/env bash
# Shows that the tests notice a broken product: each tests/mutants/NAME.patch breaks one thing, and the test that the
# patch names must then fail (tests/mutants/README.md). Wants the test projects built; `./pelago test mutants [NAME …]`
# builds them and calls this. On standard output "control …" once it is over, then one line a mutant, "killed NAME …"
# or "SURVIVED NAME …" with the reason; progress on standard error.
#
# A whole build for each mutant would take longer than all tests together. So the build system is asked once for each
# project what it would tell the compiler, and the compiler is run with that: on the sources as they are, then once for
# each mutant on the patched ones. Only the library that comes out is put among a copy of the built tests.
#
# 1. Copy the built tests, and write down the compiler's arguments of each project that some patch touches.
# 2. Control: compile those projects unpatched, put the libraries in place, and run every named test. All must pass.
# 3. For each mutant alone: patch copies of the files it changes, compile, put the one library in place, run the one
#    test. It must fail; that a program crashes, hangs, or runs no test proves nothing. As many at a time as there are
#    processors, each in a lane (a copy of the built tests) of its own.
#
# With --swarm, `./pelago soak mutants` asks another question: would the simulator's random runs have found it, without
# a test made for it? Only mutants of the kernel are tried, one after another, each against the swarms that come to what
# it changes, until one catches it; a line each says which oracle did, and at which seed, counted from 1
# (docs/internals/simulation.md).
#
# With --background, what follows the control runs at the lowest priority: `./pelago test` tries mutants in the time
# that the end-to-end tests leave, which wait more than they compute. That is not enough for all. Those of the ten
# properties that must never be lost are always tried, and a third of the others: which one, the commit decides, so
# that one commit means one answer, and a few commits come to all (docs/adr/0034-mutants-in-thirds.md).
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
test_seconds=120
swarm=false background=false
declare -A swarms=(
    [events]=SwarmTests.Swarm_AnySeed_KeepsAllInvariants
    [data-types]=SwarmTests.Swarm_DataTypes_KeepAllInvariants
    [compaction]=SwarmTests.Swarm_Compaction_LosesNothingAndPassesNoFinality
    [local-types]=SwarmTests.Swarm_LocalTypes_StayWhereTheyAreUntilTheyAreOpened
    [members]=MembershipSwarmTests.Swarm_MembersComeAndGo_KeepsAllInvariants
    [members-compaction]=MembershipSwarmTests.Swarm_MembersComeAndGoWhileRowsGo_KeepsAllInvariants
    [votes]=SwarmTests.Swarm_RegionsThatVote_KeepAllInvariants
    [effects]=SwarmTests.Swarm_FinalEffects_HappenOnceInTheRegionThatWroteTheEvent
    [primaries]=PrimarySwarmTests.Swarm_AnySeed_AnswersAsOneCopyWhileThePrimaryMoves
    [registers]=RegisterSwarmTests.Swarm_AnySeed_GivesEachRegisterOneHistory
    [frames]=FuzzTests.Frames_OfAHostileRegion_HarmNobody
)
if [ "${1:-}" = --swarm ]; then
    swarm=true test_seconds=600
    shift
elif [ "${1:-}" = --background ]; then
    background=true
    shift
fi

names=("$@")
must_hold='incarnation|hold-back|owed gaps|finality|lane fence|token|idempotency|total order|sealing|identity check'
if [ ${#names[@]} -eq 0 ]; then
    commit="$(git -C "$root" rev-parse --short=7 HEAD 2> /dev/null || echo 0)"
    third=$((16#$commit % 3)) others=0 all=0
    for patch in "$root"/tests/mutants/*.patch; do
        [ -f "$patch" ] || continue
        all=$((all + 1))
        if $background && ! grep -qxE "# property: ($must_hold)" "$patch"; then
            others=$((others + 1))
            [ $((others % 3)) -eq $third ] || continue
        fi
        names+=("$(basename "$patch" .patch)")
    done
    echo "mutants: ${#names[@]} of $all" >&2
fi

survive() { echo "SURVIVED $*" | tee -a "$survivors"; }

# Below the root, since tests look for the checkout above their own files; links to built files cost no copying there.
mkdir -p "$root/artifacts"
scratch="$(mktemp -d "$root/artifacts/mutants.XXXXXX")"
trap 'kill $(jobs -p) 2> /dev/null; rm -rf "$scratch"' EXIT
lane="$scratch/control" # where a mutant is compiled and tested
mkdir -p "$lane"
log="$scratch/log"
survivors="$scratch/survivors"
compiler_server="${scratch##*/}"
: > "$survivors"
export GIT_CEILING_DIRECTORIES="$scratch"

declare -A killer=() source=()
declare -A killers=() sources=() # killers[PROJECT]: the named tests of a test project; sources[FOLDER]: its library

# read_patch NAME: fills killer[NAME] with "PROJECT CLASS.METHOD" and source[NAME] with the folder of the one project
# that it changes.
read_patch() {
    local name="$1" patch="$root/tests/mutants/$1.patch" project test folders library
    [ -f "$patch" ] || { survive "$name: there is no tests/mutants/$name.patch"; return 1; }
    read -r project test <<< "$(sed -n 's/^# kill: *//p' "$patch" | head -n 1)"
    if $swarm; then project=Simulation; fi
    if [ ! -f "$root/tests/${project:-none}/bin/Release/net10.0/Pelago.Tests.${project:-none}.dll" ]; then
        survive "$name: its header needs a line '# kill: PROJECT CLASS.METHOD', PROJECT being a built folder of tests/"
        return 1
    fi
    folders="$(sed -n 's#^+++ b/\(src/[^/]*\)/.*#\1#p' "$patch" | sort -u)"
    if $swarm && [ "$folders" != src/Pelago.Replication ]; then return 1; fi
    if [ ! -f "$root/$folders/${folders#src/}.csproj" ]; then
        survive "$name: it has to change one project below src/"
        return 1
    fi
    library="$(sed -n 's#.*<AssemblyName>\([^<]*\)</AssemblyName>.*#\1#p' "$root/$folders/${folders#src/}.csproj")"
    killer[$name]="$project $test" source[$name]="$folders"
    killers[$project]+="$test " sources[$folders]="${library:-${folders#src/}}.dll"
}

# Asks the build system what it would tell the compiler; nothing is compiled and no output of the build changes.
write_arguments() {
    local folder="$1" name="${1#src/}"
    dotnet msbuild "$root/$folder/$name.csproj" -nologo -v:q -t:WriteCompilerArguments -p:Configuration=Release \
        -p:BuildProjectReferences=false -p:ProvideCommandLineArgs=true -p:SkipCompilerExecution=true \
        -p:NonExistentFile=none -p:RunAnalyzers=false -p:CustomAfterMicrosoftCommonTargets="$root/eng/mutants.targets" \
        -p:CompilerArgumentsFile="$scratch/$name.arguments" < /dev/null > "$log" 2>&1 \
        && [ -s "$scratch/$name.arguments" ]
}

# compile FOLDER OUTPUT: compiles a project, with each file below $lane/tree in the place of the one in the checkout.
compile() {
    local folder="$1" output="$2" name="${1#src/}" response="$lane/response" compiler argument
    compiler="$(head -n 1 "$scratch/$name.arguments")/bincore/csc.dll"
    # Warnings are no errors here, and those about null are not even looked for, which takes a third of the compiler's
    # time: what is left over after a line was taken out is not what this is about.
    tail -n +2 "$scratch/$name.arguments" | grep -vE '^/(out:|refout:|noconfig|warnaserror|shared|keepalive)' \
        | while read -r argument; do
            if [ -f "$lane/tree/$folder/$argument" ]; then argument="\"$lane/tree/$folder/$argument\""; fi
            printf '%s\n' "$argument"
        done > "$response"
    (cd "$root/$folder" && timeout $test_seconds dotnet "$compiler" /nologo /noconfig "/shared:$compiler_server" \
        /keepalive:30 /features:run-nullable-analysis=never "@$response" "/out:$output" < /dev/null > "$log" 2>&1)
}

# run_tests PROJECT TEST…: runs tests by the name of class and method; the result stands in $lane/report.xml.
run_tests() {
    local project="$1" test options=()
    shift
    for test in "$@"; do options+=(-method "*.$test"); done
    rm -f "$lane/report.xml"
    timeout --kill-after=10 $test_seconds dotnet "$lane/$project/Pelago.Tests.$project.dll" -noColor \
        -xml "$lane/report.xml" "${options[@]}" < /dev/null > "$lane/test.log" 2>&1
}

count() { head -c 4000 "$lane/report.xml" 2> /dev/null | sed -n "s/.*<assembly [^>]*[ ]$1=\"\([0-9]*\)\".*/\1/p"; }

control() {
    local project folder test missing=0
    for project in "${!killers[@]}"; do
        cp -rl "$root/tests/$project/bin/Release/net10.0" "$lane/$project" || return 1
    done
    for folder in "${!sources[@]}"; do
        write_arguments "$folder" && compile "$folder" "$scratch/${sources[$folder]}" \
            || { echo "$folder cannot be compiled: $(grep -m 1 error "$log")"; return 1; }
        for project in "${!killers[@]}"; do place "$scratch" "${sources[$folder]}" "$project"; done
    done
    for project in "${!killers[@]}"; do
        # shellcheck disable=SC2086 # a list of words
        run_tests "$project" ${killers[$project]} \
            || { echo "tests of $project fail without any mutant:"; grep '\[FAIL\]' "$lane/test.log"; return 1; }
        for test in ${killers[$project]}; do
            grep -q "<test [^>]*name=\"[^\"]*\.$test[\"(]" "$lane/report.xml" \
                || { echo "there is no test $test in tests/$project"; missing=1; }
        done
    done
    return $missing
}

# place FOLDER LIBRARY PROJECT: a library in the place of the test project's own, which is a link to the built one.
place() {
    if [ -f "$lane/$3/$2" ]; then cp --remove-destination "$1/$2" "$lane/$3/$2"; fi
}

# mutate NAME: compiles the mutant, and puts its library into the lane's test project.
mutate() {
    local name="$1" project="${killer[$1]%% *}" folder="${source[$1]}" file
    rm -rf "$lane/tree" "$lane/mutant"
    mkdir -p "$lane/tree" "$lane/mutant"
    for file in $(sed -n 's#^+++ b/##p' "$root/tests/mutants/$name.patch"); do
        mkdir -p "$(dirname "$lane/tree/$file")"
        cp "$root/$file" "$lane/tree/$file" || { survive "$name: there is no $file"; return 1; }
    done
    (cd "$lane/tree" && git apply "$root/tests/mutants/$name.patch" 2> "$log") \
        || { survive "$name: the patch does not apply: $(head -n 1 "$log")"; return 1; }
    compile "$folder" "$lane/mutant/${sources[$folder]}" \
        || { survive "$name: it does not compile: $(grep -m 1 error "$log")"; return 1; }
    place "$lane/mutant" "${sources[$folder]}" "$project"
}

# judge NAME: the mutant's one line.
judge() {
    local name="$1" project test folder="${source[$1]}" started=$SECONDS status
    read -r project test <<< "${killer[$name]}"
    mutate "$name" || return
    run_tests "$project" "$test"
    status=$?
    place "$scratch" "${sources[$folder]}" "$project"
    if [ $status -eq 0 ]; then
        survive "$name: $project $test still passes"
    elif [ $status -eq 124 ] || [ $status -eq 137 ]; then
        survive "$name: $project $test did not end within $test_seconds s"
    elif [ "$(count failed)" -gt 0 ] 2> /dev/null; then
        echo "killed $name by $project $test ($(count failed) of $(count total) cases), $((SECONDS - started)) s"
    else
        survive "$name: the test program ended with status $status and no failed test"
    fi
}

# swarms_of NAME: those that come to what the mutant changes.
swarms_of() {
    case "$(grep '^+++ b/' "$root/tests/mutants/$1.patch")" in
        */Membership/* | *.Membership.cs*) echo members members-compaction ;;
        */Primaries/*) echo primaries ;;
        *Compact* | *Snapshot* | *Removed.cs* | *Checkpoint*) echo compaction events ;;
        *TypeHistor* | *Local*) echo local-types ;;
        */Register/*) echo registers votes members ;;
        */Data/*) echo data-types ;;
        */Wire/*) echo events frames ;;
        *Effect* | *Final.cs*) echo effects events ;;
        *) echo events ;;
    esac
}

# hunt NAME: which swarm catches the mutant first, by which oracle, at which seed.
hunt() {
    local name="$1" swarm status first
    mutate "$name" || return
    for swarm in $(swarms_of "$name"); do
        rm -f "$lane/caught"
        PELAGO_SIM_CAUGHT="$lane/caught" run_tests Simulation "${swarms[$swarm]}"
        status=$?
        first="$(sort -k2,2n "$lane/caught" 2> /dev/null | head -n 1)"
        if [ -n "$first" ]; then
            echo "caught $name by $first"
            return
        elif [ $status -eq 124 ] || [ $status -eq 137 ]; then
            echo "caught $name by $swarm - no end within $test_seconds s"
            return
        elif [ $status -ne 0 ]; then
            echo "caught $name by $swarm - $(grep -q 'these moments' "$lane/test.log" \
                && echo a probe that is not reached || echo the end of the program)"
            return
        fi
    done
    echo "missed $name by $(swarms_of "$name")"
}

mutants=()
for name in "${names[@]}"; do
    read_patch "$name" && mutants+=("$name")
done
[ ${#mutants[@]} -gt 0 ] || exit 1

if $swarm; then killers[Simulation]="${swarms[*]}"; fi
echo "control: ${#mutants[@]} mutants of ${#sources[@]} projects …" >&2
if ! reason="$(control)"; then
    for name in "${mutants[@]}"; do survive "$name: $reason"; done
    exit 1
fi
passes="control of ${#mutants[@]} mutants: every named test passes without them ($SECONDS s)"
echo "$passes"
echo "$passes" >&2 # not by opening it once more, which would empty the file that it may be
if $background; then
    renice -n 19 -p $$ > /dev/null
    compiler_server+=-background # another one, which inherits the priority
    test_seconds=600
fi
lanes="$(nproc)"
if $swarm; then lanes=1; fi # a swarm uses all processors
for ((number = 0; number < lanes; number++)); do
    lane="$scratch/lane$number"
    log="$lane/log"
    mkdir "$lane"
    # Only what nobody writes into: a link shares its contents with the other lanes.
    for project in "${!killers[@]}"; do cp -rl "$scratch/control/$project" "$lane/$project" || exit 1; done
    for ((next = number; next < ${#mutants[@]}; next += lanes)); do
        if $swarm; then hunt "${mutants[next]}"; else judge "${mutants[next]}"; fi
    done &
done
wait
[ ! -s "$survivors" ]
