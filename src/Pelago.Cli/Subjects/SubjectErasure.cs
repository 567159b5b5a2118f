using System.Globalization;
using System.Text.Json.Serialization;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Whose subject is meant.</summary>
internal sealed record SubjectTarget(string Project, string Service, string Subject)
{
    /// <summary>Nothing of the subject.</summary>
    public override string ToString() => $"a subject of {Project}/{Service}";
}

/// <summary>How a subject is in one region, for people and scripts.</summary>
/// <param name="Region">The region.</param>
/// <param name="State"><c>Forgotten</c>: it has confirmed. <c>Known</c> or <c>Unknown</c>: it has not heard of the
/// erasure yet. <c>Unreachable</c>: nobody knows.</param>
/// <param name="Message">Why it is not known; empty otherwise.</param>
internal sealed record SubjectRegion(string Region, string State, string Message)
{
    /// <summary>The region has confirmed.</summary>
    [JsonIgnore]
    public bool IsForgotten => State == SubjectStates.Forgotten;
}

/// <summary>Erases a subject in one region, and waits until the others have heard of it.</summary>
/// <param name="world">Where the regions are.</param>
/// <param name="context">Terminal and clock.</param>
/// <param name="target">Whose subject.</param>
internal sealed class SubjectErasure(RunningWorld world, VerbContext context, SubjectTarget target)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    /// <summary>Refuses a subject that no region knows: a name that is misspelt must not pass for a person who was
    /// forgotten.</summary>
    /// <exception cref="PelagoException">PLG5063.</exception>
    public static void RequireKnown(IReadOnlyList<SubjectRegion> found, bool force)
    {
        if (force || found.Any(r => r.State is SubjectStates.Known or SubjectStates.Forgotten))
            return;
        string[] away = [.. found.Where(r => r.State == States.Unreachable).Select(r => r.Region)];
        throw new Failure(ErrorCodes.SubjectUnknown, away.Length == 0
                ? "No region knows such a subject; nothing was changed."
                : $"No region that answers knows such a subject ({string.Join(", ", away)} could not be asked); "
                    + "nothing was changed.",
            "Compare the name with what the service seals under, or repeat with --force.").ToException();
    }

    /// <summary>The number of regions that a level means in a group; null when it is none.</summary>
    public static int? RegionsOf(string level, int regions) => level switch
    {
        "local" => 1,
        "majority" => regions / 2 + 1,
        _ => int.TryParse(level, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number : null,
    };

    /// <summary>In how many regions it has to be done.</summary>
    /// <param name="found">How the subject is in each region.</param>
    /// <param name="level">Null for every region.</param>
    /// <exception cref="PelagoException">PLG5021: there are not so many.</exception>
    public static int RequireLevel(IReadOnlyList<SubjectRegion> found, string? level)
    {
        var needed = level is null ? found.Count : RegionsOf(level, found.Count) ?? found.Count;
        return needed <= found.Count ? needed : throw new Failure(ErrorCodes.LevelImpossible,
            $"The erasure is to be confirmed by {level} regions, and there are {found.Count}; nothing was changed.",
            $"Ask for at most {found.Count}, or leave --acknowledge out.").ToException();
    }

    /// <summary>Asks every region.</summary>
    /// <exception cref="PelagoException">None answers: what the first said.</exception>
    public async Task<IReadOnlyList<SubjectRegion>> LookAsync(CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(world.World.Regions.Select(r => LookAsync(r, cancellationToken)));
        return answers.All(a => a.Failure is not null) ? throw answers[0].Failure!.ToException()
            : [.. answers.Select(a => a.Found)];
    }

    /// <summary>Erases it, and waits until enough regions have confirmed or time is up.</summary>
    /// <param name="found">How the subject is in each region.</param>
    /// <param name="needed">How many are enough.</param>
    /// <exception cref="PelagoException">No region carried it out: what the last said.</exception>
    public async Task<IReadOnlyList<SubjectRegion>> EraseAsync(
        IReadOnlyList<SubjectRegion> found, bool force, int needed, TimeSpan limit,
        CancellationToken cancellationToken)
    {
        if (!found.Any(r => r.IsForgotten)) // else the others will hear of it by themselves
            await TellOneAsync(found, force, cancellationToken);
        return await WaitAsync(needed, limit, cancellationToken);
    }

    // One event is enough. A region that knows the subject first, so that it is checked where the name is known.
    private async Task TellOneAsync(
        IReadOnlyList<SubjectRegion> found, bool force, CancellationToken cancellationToken)
    {
        Failure? last = null;
        foreach (var region in found.Where(r => r.State != States.Unreachable)
            .OrderBy(r => r.State != SubjectStates.Known))
        {
            try
            {
                using var client = world.Region(world.RequireRegion(region.Region), AnswerLimit);
                await client.EraseSubjectAsync(target.Project, target.Service,
                    new SubjectRequest(target.Subject, force), cancellationToken);
                return;
            }
            catch (PelagoException e)
            {
                last = e.Failure; // if it was carried out after all, to ask another one changes nothing
            }
        }
        throw last!.ToException();
    }

    private async Task<IReadOnlyList<SubjectRegion>> WaitAsync(
        int needed, TimeSpan limit, CancellationToken cancellationToken)
    {
        var (started, told) = (context.Time.GetTimestamp(), context.Time.GetTimestamp());
        var confirmed = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var found = (await Task.WhenAll(world.World.Regions.Select(r => LookAsync(r, cancellationToken))))
                .Select(a => a.Found).ToList();
            foreach (var region in found.Where(r => r.IsForgotten && confirmed.Add(r.Region)))
                context.Terminal.Progress(region.Region, "forgotten");
            if (confirmed.Count >= needed || context.Time.GetElapsedTime(started) >= limit)
                return found;
            if (context.Time.GetElapsedTime(told) >= ProgressInterval)
            {
                told = context.Time.GetTimestamp();
                foreach (var region in found.Where(r => !r.IsForgotten))
                    context.Terminal.Progress(region.Region, region.State == States.Unreachable
                        ? States.Unreachable : "waiting", region.Message);
            }
            await Task.Delay(Interval, context.Time, cancellationToken);
        }
    }

    private async Task<(SubjectRegion Found, Failure? Failure)> LookAsync(
        RegionRecord region, CancellationToken cancellationToken)
    {
        try
        {
            using var client = world.Region(region, AnswerLimit);
            var view = await client.LookAtSubjectAsync(
                target.Project, target.Service, target.Subject, cancellationToken);
            return (new SubjectRegion(region.Name, view.State, ""), null);
        }
        catch (PelagoException e)
        {
            return (new SubjectRegion(region.Name, States.Unreachable, e.Failure.Message), e.Failure);
        }
    }
}
