# Sourced by ./pelago: decides whether the built copy is stale and builds a new one. Wants $root, $store and $sources.
#
# `$store/current` holds the name of the newest copy; its modification time is when the sources were last known to be
# those of that copy. Nothing newer than it below $sources (one `find`, some ten milliseconds) means fresh.
# Otherwise the contents decide: the copy's name is their hash, so touching a file or switching branches back costs no
# build.

sdk_page="https://dotnet.microsoft.com/download"

say() { printf '%s\n' "$*" >&2; }

list_sources() {
    (cd "$root" && find "${sources[@]}" \( -name bin -o -name obj -o -name artifacts -o -name .pelago \) -prune -o "$@")
}

is_fresh() {
    # Folders count too: a file that was deleted or moved shows only there. The folder that holds bin and obj
    # changes whenever either is created, which costs one hash and no build.
    [ -z "$(list_sources -newer "$store/current" -print -quit)" ] && return 0
    local before hash
    before="$(mktemp "$store/.check.XXXXXX")"
    hash="$(hash_sources)"
    if [ "$hash" = "$(cat "$store/current")" ]; then
        printf '%s\n' "$hash" > "$store/.hash.$$"
        touch -r "$before" "$store/.hash.$$"
        mv -f "$store/.hash.$$" "$store/current"
        rm -f "$before"
        return 0
    fi
    rm -f "$before"
    return 1
}

hash_sources() {
    (cd "$root" && list_sources -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
}

require_sdk() {
    local sdks
    if ! command -v dotnet > /dev/null; then
        say "error PLG1901: the .NET SDK is not installed. Install the .NET 10 SDK: $sdk_page"
        exit 1
    fi
    sdks="$(dotnet --list-sdks)"
    if ! grep -qE '^(1[0-9]|[2-9][0-9])\.' <<< "$sdks"; then
        say "error PLG1901: Pelago needs the .NET 10 SDK; installed: ${sdks:-none}. Install it: $sdk_page"
        exit 1
    fi
}

# Builds one copy for the present sources and makes it current. Two invocations may race: the second waits, then finds
# the first one's copy. The lock is not inherited by what dotnet starts, so a build server cannot hold it.
build() {
    mkdir -p "$store"
    exec 9> "$store/.lock"
    if ! flock -n 9; then
        say "Another build is running; waiting for it …"
        flock 9
    fi
    local attempt before hash
    for attempt in 1 2 3; do
        before="$(mktemp "$store/.start.XXXXXX")"
        hash="$(hash_sources)"
        if [ ! -f "$store/$hash/pelago.dll" ]; then
            require_sdk
            publish "$hash"
            # Sources that changed during the build may be in the copy or not: only an unchanged tree names a copy.
            if [ "$(hash_sources)" != "$hash" ]; then
                say "Sources changed during the build; building again …"
                rm -rf "${store:?}/$hash" "$before"
                continue
            fi
        fi
        printf '%s\n' "$hash" > "$store/.hash.$$"
        touch -r "$before" "$store/.hash.$$"
        mv -f "$store/.hash.$$" "$store/current"
        rm -f "$before"
        remove_old_copies "$hash"
        exec 9>&-
        return 0
    done
    say "error PLG1902: the sources keep changing while they are built. Run the command again when they have settled."
    exit 1
}

publish() {
    local hash="$1" work="$store/.work" log="$store/build.log" started=$SECONDS sample
    say "Building Pelago (the log is .pelago-build/build.log) …"
    rm -rf "$work"
    mkdir -p "$work/samples"
    : > "$log"
    run_dotnet_publish "$root/src/Pelago.Cli/Pelago.Cli.csproj" "$work" "$log"
    precompile "$work" "$log"
    for sample in "$root"/samples/*/*.csproj; do
        [ -f "$sample" ] || continue
        say "  sample $(basename "$(dirname "$sample")") …"
        run_dotnet_publish "$sample" "$work/samples/$(basename "$(dirname "$sample")")" "$log"
        precompile "$work/samples/$(basename "$(dirname "$sample")")" "$log"
    done
    rm -rf "${store:?}/$hash"
    mv "$work" "$store/$hash"
    say "Built in $((SECONDS - started)) s."
}

run_dotnet_publish() {
    local project="$1" output="$2" log="$3"
    if ! (exec 9>&-; dotnet publish "$project" -c Release -o "$output" -p:RunAnalyzers=false -v q -nologo \
        < /dev/null >> "$log" 2>&1); then
        grep -E '(error|warning) [A-Z]+[0-9]+' "$log" | sort -u | head -n 20 >&2 || tail -n 20 "$log" >&2
        say "error PLG1903: the build of ${project#"$root"/} failed. The whole log is .pelago-build/build.log."
        exit 1
    fi
}

# Compiles a copy ahead of time, so that processes start faster. Where the compiler cannot be had, they start slower.
precompile() {
    (exec 9>&-; dotnet msbuild "$root/eng/precompile/Precompile.csproj" -restore -t:Precompile -p:Copy="$1" \
        -v:q -nologo < /dev/null >> "$2" 2>&1) || say "  (not compiled ahead of time, see .pelago-build/build.log)"
    rm -f "$1"/*.r2r
}

# A copy that some process was started from stays: its name is in that process's command line.
remove_old_copies() {
    local keep="$1" copy name commands
    commands="$(cat /proc/[0-9]*/cmdline 2> /dev/null | tr '\0' ' ' || true)"
    for copy in "$store"/*/; do
        name="$(basename "$copy")"
        [ "$name" = "$keep" ] && continue
        # Younger than ten minutes: another invocation may be about to start it.
        [ -n "$(find "$copy" -maxdepth 0 -mmin +10)" ] || continue
        case "$commands" in *"$name"*) continue ;; esac
        rm -rf "${store:?}/$name"
    done
}
