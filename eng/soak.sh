#!/usr/bin/env bash
# Looks for failures of the protocol with seeds that nobody has tried, or replays one (docs/internals/replication.md):
#   ./pelago soak simulation [--swarm events|primaries] [--seconds S] [--first SEED] [--failures N]
#   ./pelago soak simulation [--swarm events|primaries] --seed SEED [--faults F] [--milliseconds M]
#   ./pelago soak frames [--seconds S] [--first SEED], or --seed SEED
#   ./pelago soak mutants [NAME …]
# Each seed of 'simulation' draws a group of regions, a workload and faults, and demands that everything holds and that
# all agree in the end; both swarms try it unless one is named (a seed that is replayed is one of 'events' then). Each
# of 'frames' changes what one of three regions sends, and demands that the others are not
# harmed. Progress on standard error; failures, with a line that replays each, on standard output. Ends with 1 when one
# failed. 'mutants' tells which of these random runs catch each mutant of the kernel, and by which oracle
# (docs/internals/simulation.md).
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"

usage() {
    echo "error PLG1202: $1. Try: ./pelago soak simulation --seconds 600, or --seed SEED to replay one." >&2
    exit 2
}

case "${1:-}" in
    simulation) tests='*.Swarm_AnySeed_*' ;;
    frames) tests='*.Frames_OfAHostileRegion_*' ;;
    mutants) tests="" ;;
    *) usage "'${1:-}' cannot be soaked; 'simulation', 'frames' and 'mutants' can" ;;
esac
shift
mutants=()
if [ -z "$tests" ]; then mutants=("$@") && set --; fi
swarm="" seconds=3600 first="" failures=1 seed="" faults="" milliseconds=""
while [ $# -gt 0 ]; do
    if [ "$1" = --swarm ] && [ "$tests" != "${tests/Swarm_/}" ]; then
        [[ "${2:-}" =~ ^(events|primaries)$ ]] || usage "there is no swarm '${2:-}'; there are 'events' and 'primaries'"
        swarm="$2"
        shift 2
        continue
    fi
    [[ "$1" =~ ^--(seconds|first|failures|seed|faults|milliseconds)$ ]] || usage "unknown option '$1'"
    [[ "${2:-}" =~ ^[0-9]{1,18}$ ]] || usage "$1 wants a whole number"
    printf -v "${1#--}" '%s' "$2"
    shift 2
done

if [ -n "$seed" ] && [ "$tests" != "${tests/Swarm_/}" ]; then swarm="${swarm:-events}"; fi
case "$swarm" in
    events) tests='*.SwarmTests.Swarm_AnySeed_*' ;;
    primaries) tests='*.PrimarySwarmTests.Swarm_AnySeed_*' ;;
esac

log="$root/artifacts/soak/build.log"
mkdir -p "$(dirname "$log")"
if ! command -v dotnet > /dev/null; then
    echo "error PLG1901: the .NET SDK is not installed." \
        "Install the .NET 10 SDK: https://dotnet.microsoft.com/download" >&2
    exit 1
fi
if ! dotnet build tests/Simulation -c Release -v q -nologo < /dev/null > "$log" 2>&1; then
    grep -E '(error|warning) [A-Z]+[0-9]+' "$log" | sort -u | head -n 20 >&2 || tail -n 20 "$log" >&2
    echo "error PLG1903: the build of tests/Simulation failed. The whole log is artifacts/soak/build.log." >&2
    exit 1
fi

if [ -z "$tests" ]; then
    exec "$root/eng/mutants.sh" --swarm "${mutants[@]}"
fi
if [ -n "$seed" ]; then
    export PELAGO_SIM_SEED="$seed"
    [ -z "$faults" ] || export PELAGO_SIM_FAULTS="$faults"
    [ -z "$milliseconds" ] || export PELAGO_SIM_MILLISECONDS="$milliseconds"
    echo "Replaying seed $seed …" >&2
else
    export PELAGO_SIM_FIRST="${first:-$(($(date +%s) * 1000))}" PELAGO_SIM_SECONDS="$seconds"
    export PELAGO_SIM_FAILURES="$failures"
    echo "Seeds from $PELAGO_SIM_FIRST on, for $seconds s …" >&2
fi
exec dotnet tests/Simulation/bin/Release/net10.0/Pelago.Tests.Simulation.dll -noColor -noLogo -showLiveOutput \
    -method "$tests"
