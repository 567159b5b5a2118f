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

/// <summary>What is asked of a region about the subject that is meant. Either throws when it is refused or nobody
/// answers.</summary>
/// <param name="Look">How it is there.</param>
/// <param name="Erase">Erases it there; if need be, although the region does not know it.</param>
internal sealed record SubjectCalls(
    Func<string, CancellationToken, Task<SubjectView>> Look, Func<string, bool, CancellationToken, Task> Erase)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    /// <summary>The regions of a world.</summary>
    public static SubjectCalls To(RunningWorld world, SubjectTarget target) => new(
        async (region, cancellationToken) =>
        {
            using var client = world.Region(world.RequireRegion(region), AnswerLimit);
            return await client.LookAtSubjectAsync(
                target.Project, target.Service, target.Subject, cancellationToken);
        },
        async (region, force, cancellationToken) =>
        {
            using var client = world.Region(world.RequireRegion(region), AnswerLimit);
            await client.EraseSubjectAsync(
                target.Project, target.Service, new SubjectRequest(target.Subject, force), cancellationToken);
        });
}

/// <summary>Erases a subject in one region, and waits until the others have heard of it.</summary>
/// <param name="regions">All regions.</param>
/// <param name="calls">Asks one of them.</param>
/// <param name="terminal">Where progress is told.</param>
/// <param name="clock">Tells when time is up.</param>
internal sealed class SubjectErasure(
    IReadOnlyList<string> regions, SubjectCalls calls, Terminal terminal, TimeProvider clock)
{
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
        var answers = await AskAllAsync(cancellationToken);
        return answers.All(a => a.Failure is not null) ? throw answers[0].Failure!.ToException()
            : [.. answers.Select(a => a.Found)];
    }

    /// <summary>Erases it, and waits until enough regions have confirmed or time is up.</summary>
    /// <param name="found">How the subject is in each region; some region knows it, or it is erased all the
    /// same.</param>
    /// <param name="needed">How many are enough.</param>
    /// <returns>How it is now. A region that has confirmed stays among those that have, whether it answers to the end
    /// or not: forgotten is for good.</returns>
    /// <exception cref="PelagoException">No region carried it out: what the first said.</exception>
    public async Task<IReadOnlyList<SubjectRegion>> EraseAsync(
        IReadOnlyList<SubjectRegion> found, bool force, int needed, TimeSpan limit,
        CancellationToken cancellationToken)
    {
        if (!found.Any(r => r.IsForgotten)) // else the others will hear of it by themselves
            await TellOneAsync(found, force, cancellationToken);
        return await WaitAsync(found, needed, limit, cancellationToken);
    }

    // One event is enough. A region that knows the subject first, so that it is checked where the name is known; the
    // next one need not know it: that somebody does was seen before.
    private async Task TellOneAsync(
        IReadOnlyList<SubjectRegion> found, bool force, CancellationToken cancellationToken)
    {
        var failures = new List<(string Region, Failure Why)>();
        foreach (var region in found.Where(r => r.State != States.Unreachable)
            .OrderBy(r => r.State != SubjectStates.Known))
        {
            try
            {
                await calls.Erase(region.Region, force || failures.Count > 0, cancellationToken);
                return;
            }
            catch (PelagoException e)
            {
                failures.Add((region.Region, e.Failure)); // to ask another one changes nothing if it was done after all
            }
        }
        // Who has not answered may have carried it out all the same.
        if (!(await AskAllAsync(cancellationToken)).Any(a => a.Found.IsForgotten))
            throw NotDone(failures).ToException();
    }

    private static Failure NotDone(List<(string Region, Failure Why)> failures)
    {
        string[] open = [.. failures.Where(f => !HasChangedNothing(f.Why)).Select(f => f.Region)];
        if (open.Length == 0)
            return failures[0].Why;
        var first = failures.First(f => f.Region == open[0]).Why;
        return first with
        {
            Message = $"{first.Message.TrimEnd('.')}; whether the subject was erased in {string.Join(" or ", open)} is "
                + "not known, and no region that answers has it erased.",
            Next = "Repeat the command: it shows which regions have erased it, and it is not done twice. "
                + first.Next,
        };
    }

    // A refusal that says so by its code; anything else may have been carried out before something went wrong.
    private static bool HasChangedNothing(Failure why)
        => why.Error.HttpStatus is >= 400 and < 500 || why.Error == ErrorCodes.EntityParked;

    private async Task<IReadOnlyList<SubjectRegion>> WaitAsync(
        IReadOnlyList<SubjectRegion> before, int needed, TimeSpan limit, CancellationToken cancellationToken)
    {
        var (started, told) = (clock.GetTimestamp(), clock.GetTimestamp());
        var confirmed = before.Where(r => r.IsForgotten).ToDictionary(r => r.Region, StringComparer.Ordinal);
        while (true)
        {
            var found = (await AskAllAsync(cancellationToken)).Select(a => a.Found).ToList();
            foreach (var region in found.Where(r => r.IsForgotten && confirmed.TryAdd(r.Region, r)))
                terminal.Progress(region.Region, "forgotten");
            if (confirmed.Count >= needed || clock.GetElapsedTime(started) >= limit)
                return [.. found.Select(r => confirmed.GetValueOrDefault(r.Region, r))];
            if (clock.GetElapsedTime(told) >= ProgressInterval)
            {
                told = clock.GetTimestamp();
                foreach (var region in found.Where(r => !confirmed.ContainsKey(r.Region)))
                    terminal.Progress(region.Region, region.State == States.Unreachable
                        ? States.Unreachable : "waiting", region.Message);
            }
            await Task.Delay(Interval, clock, cancellationToken);
        }
    }

    private Task<(SubjectRegion Found, Failure? Failure)[]> AskAllAsync(CancellationToken cancellationToken)
        => Task.WhenAll(regions.Select(r => AskAsync(r, cancellationToken)));

    private async Task<(SubjectRegion Found, Failure? Failure)> AskAsync(
        string region, CancellationToken cancellationToken)
    {
        try
        {
            return (new SubjectRegion(region, (await calls.Look(region, cancellationToken)).State, ""), null);
        }
        catch (PelagoException e)
        {
            return (new SubjectRegion(region, States.Unreachable, e.Failure.Message), e.Failure);
        }
    }
}
