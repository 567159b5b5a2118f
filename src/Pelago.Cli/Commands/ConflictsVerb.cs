using System.CommandLine;
using System.Globalization;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago conflicts SERVICE</c>: the events of a service that do not count as their authors meant
/// them.</summary>
internal static class ConflictsVerb
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 100_000;
    private const int PageEntries = 1_000;

    private static readonly string[] Kinds
        = ["RefusedByFold", "Deduplicated", "Fork", "Orphaned", "CausesLost", "Overwritten"];

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);

    public static Command Create(VerbContext context)
    {
        var name = new Argument<string>("SERVICE") { Description = "Name of the service." };
        var project = new Option<string>("--project")
        {
            Description = "Project that owns the service.", HelpName = "PROJECT", DefaultValueFactory = _ => "demo",
        };
        var region = new Option<string?>("--region")
        {
            Description = "Only what this region has noticed. Default: all regions.", HelpName = "REGION",
        };
        var kind = new Option<string?>("--kind")
        {
            Description = $"Only of one kind: {string.Join(", ", Kinds)}.", HelpName = "KIND",
        };
        var entity = new Option<string?>("--entity")
        {
            Description = "Only of one entity.", HelpName = "TYPE/ID",
        };
        var limit = VerbContext.Number<int>(
            "--limit", $"How many, the newest (default {DefaultLimit}).", "N", 1, MaxLimit);
        var format = VerbContext.Format();
        var verb = context.Verb("conflicts",
            "Lists events that do not count as their authors meant them: refused, repeated, overwritten, or forked.",
            ["pelago conflicts bookstore", "pelago conflicts bookstore --kind Fork -o json",
                "pelago conflicts bookstore --entity cart/42 --region eu-west-1"],
            async (parsed, cancellationToken) =>
            {
                var service = ServiceOf(parsed.GetRequiredValue(name), parsed.GetValue(project)!);
                var filter = new ConflictLedger.Filter(
                    KindOf(parsed.GetValue(kind)), parsed.GetValue(entity), parsed.GetValue(limit) ?? DefaultLimit);
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var asked = parsed.GetValue(region) is { } one ? [world.RequireRegion(one)] : world.World.Regions;
                var answers = await Task.WhenAll(
                    asked.Select(r => ReadAsync(world, r, service, filter, cancellationToken)));
                if (answers.All(a => a.Failure is not null))
                    throw answers[0].Failure!.ToException();
                Show(context.Terminal, ConflictLedger.Merge(answers.Select(a => a.Ledger), filter),
                    parsed.GetValue(format));
                return Missing(answers) is { } missing ? throw missing.ToException() : 0;
            });
        verb.Add(name);
        verb.Add(project);
        verb.Add(region);
        verb.Add(kind);
        verb.Add(entity);
        verb.Add(limit);
        verb.Add(format);
        return verb;
    }

    private static (string Project, string Name) ServiceOf(string name, string project)
        => (Names.CheckService(name) ?? Names.CheckProject(project, "value of --project")) is { } wrong
            ? throw wrong.ToException() : (project, name);

    private static string? KindOf(string? asked) => asked is null ? null
        : Kinds.FirstOrDefault(kind => kind.Equals(asked, StringComparison.OrdinalIgnoreCase))
            ?? throw new Failure(ErrorCodes.InvalidArgument, $"'{asked}' is no kind of conflict.",
                $"Kinds: {string.Join(", ", Kinds)}.").ToException();

    private static async Task<(ConflictPageView Ledger, Failure? Failure)> ReadAsync(
        RunningWorld world, RegionRecord region, (string Project, string Name) service, ConflictLedger.Filter filter,
        CancellationToken cancellationToken)
    {
        var kept = new List<ConflictView>();
        try
        {
            using var client = world.Region(region, AnswerLimit);
            var after = 0L;
            do
            {
                var page = await client.GetConflictsAsync(
                    service.Project, service.Name, after, PageEntries, cancellationToken);
                kept.AddRange(page.Conflicts.Where(filter.Wants));
                kept.RemoveRange(0, Math.Max(0, kept.Count - filter.Limit));
                after = page.Next;
            }
            while (after != 0);
            return (new ConflictPageView(region.Name, 0, kept), null);
        }
        catch (PelagoException e)
        {
            return (new ConflictPageView(region.Name, 0, []), e.Failure);
        }
    }

    private static void Show(Terminal terminal, IReadOnlyList<ConflictEntry> entries, OutputFormat format)
    {
        if (terminal.Document(entries, format, entry => $"{entry.Type}/{entry.Id}"))
            return;
        if (entries.Count == 0)
        {
            terminal.Say("No conflicts: every event counts as its author meant it.");
            return;
        }
        terminal.Table(["RECORDED", "KIND", "ENTITY", "EVENT", "REGIONS", "REASON"],
            entries.Select(e => (IReadOnlyList<string>)
            [
                e.RecordedAt.ToString("u", CultureInfo.InvariantCulture), e.Kind, $"{e.Type}/{e.Id}",
                Event(e, format), string.Join(",", e.Regions), e.Reason,
            ]));
    }

    // The life of the journal that wrote it is of use to few.
    private static string Event(ConflictEntry entry, OutputFormat format)
        => format == OutputFormat.Wide ? $"{entry.Origin}#{entry.Sequence}"
            : $"{entry.Origin.Split('@')[0]}#{entry.Sequence}";

    private static Failure? Missing(IReadOnlyList<(ConflictPageView Ledger, Failure? Failure)> answers)
    {
        string[] why = [.. answers.Where(a => a.Failure is not null)
            .Select(a => $"{a.Ledger.Region}: {a.Failure!.Message.TrimEnd('.')}")];
        return why.Length == 0 ? null : new Failure(ErrorCodes.PartlyDone,
            $"What some regions noticed is not shown: {string.Join("; ", why)}.",
            "'pelago status' shows what is down.");
    }
}
