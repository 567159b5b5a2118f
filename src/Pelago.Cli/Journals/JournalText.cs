using System.Globalization;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>How runs over journals are shown.</summary>
internal static partial class JournalText
{
    /// <summary>Shows what checks found, and says what follows.</summary>
    /// <exception cref="PelagoException">PLG4006: something is damaged; PLG1208: a region did not answer.</exception>
    public static int Check(
        Terminal terminal, string service, IReadOnlyList<JournalRunView> runs, OutputFormat format)
    {
        if (!terminal.Document(runs, format, run => run.Region))
        {
            terminal.Table(["REGION", "ROWS", "SECONDS", "RESULT"], runs.Select(r => (IReadOnlyList<string>)
                [r.Region, $"{r.Rows}", Seconds(r), Result(r)]));
            var findings = runs.SelectMany(r => r.Damage ?? [], (r, d) => (IReadOnlyList<string>)
                [r.Region, d.Code, d.Message]).ToList();
            if (findings.Count > 0)
                terminal.Table(["REGION", "CODE", "FINDING"], findings);
        }
        if (runs.FirstOrDefault(r => r.Damage is { Count: > 0 }) is { } damaged)
            throw Verdict(service, damaged, runs.Count(r => r.Damage is { Count: > 0 }) - 1).ToException();
        if (JournalRound.Missing(runs) is { } missing)
            throw missing.ToException();
        terminal.Say($"The journals of {service} are whole. Next: pelago verify compares them with each other.");
        return 0;
    }

    /// <summary>Shows what was counted.</summary>
    /// <exception cref="PelagoException">PLG1208: a region did not answer.</exception>
    public static int Stats(Terminal terminal, IReadOnlyList<JournalRunView> runs, OutputFormat format)
    {
        if (!terminal.Document(runs, format, run => run.Region))
        {
            var counted = runs.Where(r => r.Stats is not null).Select(r => (r.Region, Stats: r.Stats!)).ToList();
            terminal.Table(["REGION", "ROWS", "SIZE", "ENTITIES", "OLDEST", "NEWEST", "SNAPSHOTS", "OWED", "CONFLICTS",
                "REPLIES", "SUBJECT KEYS"], counted.Select(c => (IReadOnlyList<string>)
            [
                c.Region, $"{c.Stats.Rows}", Size(c.Stats.Bytes), $"{c.Stats.Entities}", Time(c.Stats.Oldest),
                Time(c.Stats.Newest), $"{c.Stats.Snapshots}", $"{c.Stats.Owed}", $"{c.Stats.Conflicts}",
                $"{c.Stats.Replies}", $"{c.Stats.SubjectKeys}",
            ]));
            terminal.Table(["REGION", "KEY", "MADE", "WRAPPED UNDER", "ROWS", "RECORDS"],
                counted.SelectMany(c => c.Stats.Keys, (c, k) => (IReadOnlyList<string>)
                    [c.Region, $"{k.Number}", Time(k.MadeAt), k.Kek, $"{k.Rows}", $"{k.Records}"]));
            if (format == OutputFormat.Wide)
                terminal.Table(["REGION", "LANE", "HEAD"], counted.SelectMany(c => c.Stats.Heads.Select(
                    (head, lane) => (IReadOnlyList<string>)[c.Region, $"{lane}", $"{head}"])));
        }
        return JournalRound.Missing(runs) is { } missing ? throw missing.ToException() : 0;
    }

    /// <summary>Shows what became of the keys.</summary>
    /// <exception cref="PelagoException">PLG1208: a region did not do it.</exception>
    public static int Rekey(Terminal terminal, IReadOnlyList<JournalRunView> runs, OutputFormat format)
    {
        if (!terminal.Document(runs, format, run => run.Region))
            terminal.Table(["REGION", "NEW ROWS UNDER KEY", "WRAPPED UNDER", "WRAPPED ANEW"],
                runs.Where(r => r.Renewal is not null).Select(r => (IReadOnlyList<string>)
                    [r.Region, $"{r.Renewal!.DataKey}", r.Renewal.Kek, $"{r.Renewal.Rewrapped}"]));
        if (JournalRound.Missing(runs) is { } missing)
            throw missing.ToException();
        terminal.Say("No row was written again. Next: pelago journal stats shows what each key seals.");
        return 0;
    }

    /// <summary>Says what a renewal would do.</summary>
    public static int RekeyForetold(Terminal terminal, IReadOnlyList<JournalRunView> runs, bool kek)
    {
        foreach (var run in runs.Where(r => r.Stats is not null))
        {
            var keys = run.Stats!.Keys;
            terminal.Say(kek
                ? $"{run.Region}: would wrap {keys.Count + 1} keys under a key that comes after {keys[^1].Kek}."
                : $"{run.Region}: would seal new rows under a key that comes after {keys[^1].Number}.");
        }
        return JournalRound.Missing(runs) is { } missing ? throw missing.ToException() : 0;
    }

    private static Failure Verdict(string service, JournalRunView damaged, int others)
    {
        var found = damaged.Damage!;
        var more = found.Count == 1 ? "" : $" {found.Count} findings in all.";
        var elsewhere = others == 0 ? "" : $" So are those of {others} other regions.";
        return new Failure(ErrorCodes.JournalDamaged,
            $"The journal of {service} in {damaged.Region} is damaged: {found[0].Message}{more}{elsewhere}",
            found[0].Next);
    }

    private static string Result(JournalRunView run) => run.Failure is { } failure ? $"failed: {failure.Message}"
        : run.Damage is { Count: > 0 } found ? $"damaged: {found.Count}" : "ok";

    private static string Seconds(JournalRunView run) => run.EndedAt is { } ended
        ? (ended - run.StartedAt).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) : "";

    private static string Time(DateTimeOffset? time) => time?.ToString("u", CultureInfo.InvariantCulture) ?? "";

    private static string Size(long bytes) => bytes < 10_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1000.0:0} kB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000.0:0} MB");
}
