using System.Globalization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>What a client asks of an entity that has a primary.</summary>
internal enum PrimaryAsk
{
    /// <summary>A line, durable in one region: a move may leave it out.</summary>
    WriteLocal,

    /// <summary>A line, durable in a majority: no move leaves it out.</summary>
    WriteMajority,

    /// <summary>All lines, at the primary.</summary>
    Read,
}

/// <summary>One request as a client saw it, repeated under its key perhaps.</summary>
internal sealed class PrimaryOperation(int number, EntityKey entity, PrimaryAsk ask, string key, long invoked)
{
    public EntityKey Entity { get; } = entity;

    public PrimaryAsk Ask { get; } = ask;

    /// <summary>Idempotency key or empty.</summary>
    public string Key { get; } = key;

    public long Invoked { get; } = invoked;

    /// <summary>When the answer came; never is after everything.</summary>
    public long Answered { get; private set; } = long.MaxValue;

    /// <summary>What it writes: unique in a run.</summary>
    public string Line { get; } = ask == PrimaryAsk.Read ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{number}:{(ask == PrimaryAsk.WriteLocal ? "local" : "safe")}");

    /// <summary>The lines that it was shown, those of a write through its own: nobody may ever see them otherwise. Null
    /// where nothing of the kind was promised.</summary>
    public string[]? Shown { get; private set; }

    /// <summary>It succeeded.</summary>
    public bool IsDone => Answered < long.MaxValue;

    /// <summary>It succeeded.</summary>
    public void Succeed(string state, long now)
    {
        if (IsDone)
            return; // an earlier attempt is answered late
        Answered = now;
        var lines = PrimaryHistory.LinesOf(state);
        if (Ask == PrimaryAsk.Read)
            Shown = lines;
        if (Ask == PrimaryAsk.Read)
            return;
        var own = Array.IndexOf(lines, Line);
        if (own < 0 || Array.LastIndexOf(lines, Line) > own)
            throw new OracleException($"{this} was answered with {PrimaryHistory.Text(lines)}.");
        if (Ask == PrimaryAsk.WriteMajority)
            Shown = lines[..(own + 1)];
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"#{number} {Ask} of {Entity}{(Key.Length > 0 ? $" with key {Key}" : "")} at {Invoked}")
        + (IsDone ? string.Create(CultureInfo.InvariantCulture, $", answered at {Answered}") : "");
}

/// <summary>Judges what clients saw, knowing nothing of epochs and leases: of all that was promised to be there for
/// good, is there one order in which each request saw those before it, and which nobody's clock contradicts?</summary>
/// <remarks>Each line is written once, and the state lists all, so the order need not be searched for: it is the one
/// in which the lines are there in the end.</remarks>
internal static class PrimaryHistory
{
    public static string[] LinesOf(string state) => state.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static string Text(IReadOnlyCollection<string> lines)
        => $"[{string.Join(' ', lines.TakeLast(12))}] ({lines.Count} lines)";

    /// <summary>Judges all requests for one entity.</summary>
    /// <param name="final">Its lines once everything is mended.</param>
    /// <param name="isLost">A line that a declared loss took from every region.</param>
    public static void Check(IReadOnlyList<PrimaryOperation> operations, string[] final, Func<string, bool> isLost)
    {
        var writers = operations.Where(o => o.Line.Length > 0).ToDictionary(o => o.Line);
        foreach (var operation in operations.Where(o => o.Shown is not null))
        {
            string[] shown = [.. operation.Shown!.Where(l => !isLost(l))];
            if (shown.Length > final.Length || !shown.AsSpan().SequenceEqual(final.AsSpan(0, shown.Length)))
                throw new OracleException($"{operation} was shown {Text(operation.Shown!)}; in the end there is "
                    + $"{Text(final)}: {Difference(shown, final)}.");
            var early = operation.Shown!.FirstOrDefault(l => writers[l].Invoked > operation.Answered);
            if (early is not null)
                throw new OracleException($"{operation} was shown '{early}', which nobody had asked for yet.");
        }
        CheckOrder(operations);
    }

    // Whoever begins after an answer sees as much, and a write comes after it.
    private static void CheckOrder(IReadOnlyList<PrimaryOperation> operations)
    {
        var answered = operations.Where(o => o.Shown is not null).OrderBy(o => o.Answered).ToArray();
        var (next, newest) = (0, default(PrimaryOperation));
        foreach (var operation in answered.OrderBy(o => o.Invoked))
        {
            for (; next < answered.Length && answered[next].Answered < operation.Invoked; next++)
            {
                if (newest is null || answered[next].Shown!.Length > newest.Shown!.Length)
                    newest = answered[next];
            }
            if (newest is null)
                continue;
            var least = newest.Shown!.Length + (operation.Ask == PrimaryAsk.Read ? 0 : 1);
            if (operation.Shown!.Length < least)
                throw new OracleException($"{operation} was shown {Text(operation.Shown!)} after {newest} had been "
                    + $"shown {Text(newest.Shown!)}.");
        }
    }

    private static string Difference(string[] shown, string[] final)
    {
        var missing = shown.Except(final).ToArray();
        if (missing.Length > 0)
            return $"{Text(missing)} is missing";
        var place = Enumerable.Range(0, shown.Length).First(i => i >= final.Length || shown[i] != final[i]);
        return string.Create(CultureInfo.InvariantCulture,
            $"place {place} is '{(place < final.Length ? final[place] : "")}' and was '{shown[place]}'");
    }
}
