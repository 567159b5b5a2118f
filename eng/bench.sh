#!/usr/bin/env bash
# Lists and runs benchmarks: ./pelago bench [P1 P3 …|all] [-o json]. Builds them when their sources are newer; progress
# on standard error, results on standard output.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"
log="$root/artifacts/bench/build.log"
mkdir -p "$(dirname "$log")"

if ! command -v dotnet > /dev/null; then
    echo "error PLG1901: the .NET SDK is not installed." \
        "Install the .NET 10 SDK: https://dotnet.microsoft.com/download" >&2
    exit 1
fi
if ! dotnet build bench/Load -c Release -v q -nologo < /dev/null > "$log" 2>&1; then
    grep -E '(error|warning) [A-Z]+[0-9]+' "$log" | sort -u | head -n 20 >&2 || tail -n 20 "$log" >&2
    echo "error PLG1903: the build of bench/Load failed. The whole log is artifacts/bench/build.log." >&2
    exit 1
fi
exec dotnet bench/Load/bin/Release/net10.0/Pelago.Bench.Load.dll "$@"
