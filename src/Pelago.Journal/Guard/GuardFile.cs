using System.Text.Json;
using System.Text.Json.Serialization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>What the guard file says.</summary>
/// <param name="Incarnation">Newest incarnation, or null when none was ever opened.</param>
/// <param name="Stopped">True after a clean stop: then the heads are those of all lanes at that moment.</param>
/// <param name="Heads">32 heads; while a process runs, what the lanes had at some moment before.</param>
/// <param name="Store">What the store beneath was, where it can be told from another; else null.</param>
internal sealed record GuardState(
    Guid JournalId, Incarnation? Incarnation, bool Stopped, IReadOnlyList<ulong> Heads, string? Store = null)
{
    /// <summary>The newest note, of which no head tells; null when there was none.</summary>
    public NoteMark? Notes { get; init; }
}

/// <summary>Tells the newest note of a journal from all others: salt and nonce are never used twice.</summary>
internal sealed record NoteMark(long Salt, long Nonce);

/// <summary>A small file outside the journal's directory that remembers how far the journal had come. What restores,
/// clones or rolls back the journal does not roll it back too, so that a disagreement shows.</summary>
internal sealed class GuardFile(string path)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Reads it. Null with an empty problem: there is none. Null with a problem: it is there and
    /// unreadable.</summary>
    public async ValueTask<(GuardState? State, string Problem)> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var stored = JsonSerializer.Deserialize<Stored>(await File.ReadAllBytesAsync(path, cancellationToken),
                Json);
            if (stored is not { FormatVersion: 1, Heads.Length: EntityKey.Lanes }
                || stored.State is not ("running" or "stopped"))
                return (null, "the guard file is malformed");
            Incarnation? life = stored.Incarnation is null ? null : Model.Incarnation.Parse(stored.Incarnation);
            return (new GuardState(Guid.Parse(stored.JournalId), life, stored.State == "stopped", stored.Heads,
                stored.Store) { Notes = stored.Notes }, "");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return (null, "");
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException)
        {
            return (null, "the guard file is malformed");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, "the guard file cannot be read");
        }
    }

    /// <summary>Makes its directory, if there is none.</summary>
    /// <exception cref="PelagoException">It cannot be made (PLG4003).</exception>
    public void MakeDirectory()
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritten(e);
        }
    }

    /// <summary>Replaces it, durably and atomically.</summary>
    /// <exception cref="PelagoException">It cannot be written (PLG4003).</exception>
    public async ValueTask WriteAsync(GuardState state, CancellationToken cancellationToken)
    {
        var stored = new Stored(1, state.JournalId.ToString(), state.Incarnation?.ToString(),
            state.Stopped ? "stopped" : "running", [.. state.Heads], state.Store, state.Notes);
        try
        {
            await DurableFile.ReplaceAsync(path, JsonSerializer.SerializeToUtf8Bytes(stored, Json), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritten(e);
        }
    }

    private PelagoException NotWritten(Exception e)
        => new Failure(ErrorCodes.JournalNotPermitted, $"The guard file '{path}' cannot be written.",
            "Give this user write access to its directory, and the disk some space.").ToException(e);

    private sealed record Stored(
        int FormatVersion, string JournalId, string? Incarnation, string State, ulong[] Heads,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Store = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] NoteMark? Notes = null);
}

/// <summary>Compares guard and journal: may the newest incarnation go on?</summary>
internal static class ContinuityCheck
{
    /// <param name="journalHeads">The 32 heads found in the journal.</param>
    /// <param name="notes">The newest note found in it.</param>
    /// <param name="guard">What the guard file says, or null.</param>
    /// <param name="problem">Why there is no guard although there is a file; else empty.</param>
    /// <param name="store">What the store beneath is, where it can be told from another.</param>
    public static JournalIdentity Judge(
        Guid journalId, Incarnation? newest, IReadOnlyList<ulong> journalHeads, NoteMark? notes, GuardState? guard,
        string problem, string? store = null)
    {
        JournalIdentity Is(Continuity continuity, string reason) => new(journalId, newest, continuity, reason);
        if (newest is null)
            return Is(Continuity.Broken, "The journal is new: no incarnation was opened yet.");
        if (guard is null)
            return Is(Continuity.Broken, problem.Length > 0 ? $"Continuity is unproven: {problem}."
                : "There is no guard file.");
        if (guard.JournalId != journalId)
            return Is(Continuity.Broken, $"The guard file belongs to journal {guard.JournalId}, not to this one.");
        if (guard.Incarnation != newest)
            return Is(Continuity.Broken,
                "The guard file names another incarnation than the journal: one of them is an older copy.");
        if (guard.Store != store)
            return Is(Continuity.Broken,
                $"The journal was kept by {guard.Store ?? "a file"} and is now kept by {store ?? "a file"}: a server "
                + "that was replaced, restored or promoted may lack what was acknowledged.");
        for (var lane = 0; lane < journalHeads.Count; lane++)
        {
            var (before, now) = (guard.Heads[lane], journalHeads[lane]);
            if (guard.Stopped ? now != before : now < before)
            {
                return Is(Continuity.Broken,
                    $"Lane {lane} ended at {before} when the journal {(guard.Stopped ? "was stopped" : "still ran")} "
                    + $"and now ends at {now}: this is another copy of the journal.");
            }
        }
        if (!guard.Stopped)
            return Is(Continuity.Unclean, "The journal was not stopped cleanly.");
        return guard.Notes == notes ? Is(Continuity.Clean, "") : Is(Continuity.Broken,
            "The journal's newest note is another one than when it was stopped: this is another copy of the journal.");
    }
}
