using System.Globalization;
using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>One request as a client saw it.</summary>
internal sealed class RegisterOperation(int number, EntityKey register, ulong? expected, long invoked)
{
    public int Number { get; } = number;

    public EntityKey Register { get; } = register;

    /// <summary>Version that the change expects; null for a read.</summary>
    public ulong? Expected { get; } = expected;

    public long Invoked { get; } = invoked;

    /// <summary>When the answer came; never is after everything.</summary>
    public long Answered { get; private set; } = long.MaxValue;

    public RegisterResult? Result { get; private set; }

    /// <summary>Names the operation in the value that it writes.</summary>
    public byte[] Content => Encoding.ASCII.GetBytes(Number.ToString(CultureInfo.InvariantCulture));

    public bool IsDone { get; private set; }

    public void Take(RegisterResult result, long now)
    {
        if (IsDone)
            throw new OracleException($"operation {Number} was answered twice");
        (Result, Answered, IsDone) = (result, now, true);
    }

    /// <summary>The process that was asked is gone.</summary>
    public void Lose() => IsDone = true;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"#{Number} {Register} {(Expected is { } e ? $"change of version {e}" : "read")} at {Invoked}–{Answered}: "
        + $"{Result?.Outcome.ToString() ?? "lost"} {Result?.Value?.Version}");
}

/// <summary>Judges what clients saw, knowing nothing of ballots: is there one order of all operations of a register in
/// which each sees the change before it, and which nobody's clock contradicts?</summary>
/// <remarks>Versions make the order visible, so it need not be searched for (as Wing and Gong 1993 do): a value has one
/// version, a version one value, and what was answered before something else began comes first.</remarks>
internal static class RegisterHistory
{
    public static void Check(IEnumerable<RegisterOperation> operations)
    {
        foreach (var history in operations.GroupBy(o => o.Register))
            CheckOne([.. history]);
    }

    private static void CheckOne(RegisterOperation[] operations)
    {
        var byNumber = operations.ToDictionary(o => o.Number);
        var writers = new SortedDictionary<ulong, RegisterOperation>();
        foreach (var seen in operations.Where(o => o.Result?.Value is not null))
            Observe(seen, byNumber, writers);
        foreach (var done in operations.Where(o => o.Result?.Outcome == RegisterOutcome.Mismatch))
            Demand(Version(done) != done.Expected, $"{done} found the version that it expected");
        CheckOrder(operations, writers);
    }

    // A value that somebody saw: 1 who wrote it meant to, 2 at that version, 3 alone, 4 and was not told that he did
    // not.
    private static void Observe(RegisterOperation seen, Dictionary<int, RegisterOperation> byNumber,
        SortedDictionary<ulong, RegisterOperation> writers)
    {
        var value = seen.Result!.Value!;
        var number = int.Parse(Encoding.ASCII.GetString(value.Content.Span), CultureInfo.InvariantCulture);
        Demand(byNumber.TryGetValue(number, out var writer) && writer.Expected is not null,
            $"{seen} saw a value of {number}, which wrote nothing");
        Demand(value.Version == writer!.Expected + 1, $"{seen} saw version {value.Version} of {writer}");
        Demand(writers.TryAdd(value.Version, writer) || writers[value.Version] == writer,
            $"{seen} saw {writer}, others saw {writers[value.Version]} under the same version");
        Demand(writer.Result is null or { Outcome: RegisterOutcome.Decided or RegisterOutcome.Unknown },
            $"{seen} saw {writer}");
        Demand(seen.Result.Outcome != RegisterOutcome.Decided || seen.Expected is null || writer == seen,
            $"{seen} was told that it succeeded with the value of {writer}");
    }

    private static void CheckOrder(
        RegisterOperation[] operations, SortedDictionary<ulong, RegisterOperation> writers)
    {
        var answered = operations.Where(o => o.Result?.Outcome is RegisterOutcome.Decided or RegisterOutcome.Mismatch)
            .OrderBy(o => o.Answered).ToArray();
        var effective = answered.Concat(writers.Values).Distinct().OrderBy(o => o.Invoked);
        var written = writers.ToDictionary(w => w.Value, w => w.Key);
        var (next, newest) = (0, default(RegisterOperation));
        foreach (var operation in effective)
        {
            for (; next < answered.Length && answered[next].Answered < operation.Invoked; next++)
            {
                if (newest is null || Version(answered[next]) >= Version(newest))
                    newest = answered[next];
            }
            if (newest is null)
                continue;
            if (written.TryGetValue(operation, out var version))
                Demand(version > Version(newest), $"{operation} wrote {version} after {newest}");
            if (operation.Result?.Outcome is RegisterOutcome.Decided or RegisterOutcome.Mismatch)
                Demand(Version(operation) >= Version(newest), $"{operation} came after {newest}");
        }
        foreach (var seen in answered.Where(o => o.Result!.Value is not null))
            Demand(writers[Version(seen)].Invoked <= seen.Answered, $"{seen} saw the future");
    }

    private static ulong Version(RegisterOperation operation) => operation.Result?.Value?.Version ?? 0;

    private static void Demand(bool holds, string otherwise)
    {
        if (!holds)
            throw new OracleException(otherwise);
    }
}
