#!/usr/bin/env bash
# Builds parts of an earlier commit of this repository, which tests run beside today's
# (docs/adr/0036-an-earlier-build-beside-this-one.md). eng/earlier-release names the commit.
#   eng/earlier.sh kernel      for tests/Simulation/Earlier; artifacts/earlier/current names its folder
#   eng/earlier.sh bookstore   for tests/EndToEnd: the sample, published; artifacts/earlier/bookstore names its folder
# Folders are named by the hash of the commit's name and of what is compiled with it, and are built once.
#
# 1. Take the sources out of that commit. For the kernel: the pure rooms, the journal's contract, the simulator's
#    regions and disks, and the tests' entity types, and tests/Simulation/Earlier/Inside, which takes the place of that
#    simulator's clock and network. For the sample: all of src, and the sample.
# 2. Compile them into one folder, and name it.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
what="${1:-kernel}"
inside="$root/tests/Simulation/Earlier/Inside"
builds="$root/artifacts/earlier"
commit="$(tr -d '[:space:]' < "$root/eng/earlier-release")"
case "$what" in
    kernel) named=current product=Pelago.Tests.Earlier.dll with=("$inside"/*.cs "$root/eng/earlier.sh") ;;
    bookstore) named=bookstore product=bookstore.dll with=("$root/eng/earlier.sh") ;;
    *) echo "usage: eng/earlier.sh kernel|bookstore" >&2; exit 2 ;;
esac
name="$( (echo "$what $commit"; cat "${with[@]}") | sha256sum | cut -c1-16)"

say() { printf '%s\n' "$*" >&2; }

mkdir -p "$builds"
exec 9> "$builds/.lock"
flock 9
if [ -f "$builds/$name/$product" ]; then
    echo "$name" > "$builds/$named"
    exit 0
fi
if ! git -C "$root" cat-file -e "$commit^{tree}" 2> /dev/null; then
    say "error PLG1907: commit $commit, which eng/earlier-release names, is not in this checkout." \
        "Fetch the whole history: git fetch --unshallow, or clone without --depth."
    exit 1
fi
say "Building the $what of the earlier commit ${commit:0:12} …"
started=$SECONDS
work="$builds/.work"
log="$builds/build.log"
rm -rf "$work"
mkdir -p "$work/tests/Earlier"
house=(Directory.Build.props Directory.Packages.props global.json .editorconfig eng)
if [ "$what" = bookstore ]; then
    git -C "$root" archive "$commit" "${house[@]}" src samples/bookstore | tar -x -C "$work"
    make=(publish "$work/samples/bookstore")
else
    git -C "$root" archive "$commit" "${house[@]}" src/Pelago.Model src/Pelago.Replication src/Pelago.Journal \
        src/Pelago.Sdk.Testing/Simulation tests/Simulation/Workload | tar -x -C "$work"
    # Locked restore is for what is checked in; this project is not.
    make=(build "$work/tests/Earlier" -p:RestoreLockedMode=false)
    cp "$inside"/*.cs "$work/tests/Earlier/"
    cat > "$work/tests/Earlier/Earlier.csproj" << 'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <AssemblyName>Pelago.Tests.Earlier</AssemblyName>
    <EnableDynamicLoading>true</EnableDynamicLoading>
    <TreatWarningsAsErrors>false</TreatWarningsAsErrors>
    <RestorePackagesWithLockFile>false</RestorePackagesWithLockFile>
  </PropertyGroup>
  <ItemGroup>
    <ProjectReference Include="../../src/Pelago.Replication/Pelago.Replication.csproj" />
    <ProjectReference Include="../../src/Pelago.Journal/Pelago.Journal.csproj" />
    <Compile Include="../../src/Pelago.Sdk.Testing/Simulation/SimulatedRegion.cs" />
    <Compile Include="../../src/Pelago.Sdk.Testing/Simulation/ISurroundings.cs" />
    <Compile Include="../../src/Pelago.Sdk.Testing/Simulation/Dice.cs" />
    <Compile Include="../../src/Pelago.Sdk.Testing/Simulation/Journal/*.cs" />
    <Compile Include="../Simulation/Workload/*Type.cs;../Simulation/Workload/TestTypes.cs" />
    <Using Include="Pelago.Sdk.Testing" />
  </ItemGroup>
</Project>
PROJECT
fi
if ! (exec 9>&-; dotnet "${make[@]}" -c Release -o "$work/out" -p:RunAnalyzers=false -v q -nologo \
    < /dev/null > "$log" 2>&1); then
    grep -E 'error [A-Z]+[0-9]+' "$log" | sort -u | head -n 20 >&2 || tail -n 20 "$log" >&2
    say "error PLG1903: the build of the earlier commit failed. The whole log is artifacts/earlier/build.log."
    exit 1
fi
rm -rf "${builds:?}/$name"
mv "$work/out" "$builds/$name"
rm -rf "$work"
echo "$name" > "$builds/$named"
say "Built in $((SECONDS - started)) s."
