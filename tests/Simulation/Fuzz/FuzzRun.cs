using System.Globalization;
using System.Text.RegularExpressions;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Two honest regions, and a third whose frames are changed on their way: by a broken build, say, or by
/// somebody who has its key.</summary>
internal sealed partial class FuzzRun
{
    private const int PerMille = 60;
    private const int Pages = 6;
    private const long HostileMilliseconds = 15_000;
    private const long LimitMilliseconds = 60_000;

    // Far more than the pages' entities may hold back; far less than what is sent.
    private const int MostHeld = Pages * 1_024;

    private readonly WorldGroup group;
    private readonly Dice dice;
    private readonly Dictionary<LinkEnd, FrameMutator> mutators = [];
    private readonly Dictionary<Mutation, int> done = [];
    private readonly Dictionary<string, int> made = [];
    private readonly Dictionary<string, int> taken = [];
    private readonly Dice asking;
    private ulong asked = 1;
    private ulong askedOfVoters = 1;
    private readonly Dictionary<string, string> acknowledged = [];
    private readonly SortedDictionary<string, int> refused = new(StringComparer.Ordinal);
    private int lines;

    public FuzzRun(ulong seed)
    {
        group = new WorldGroup(seed, ["ada", "bob", "eve"]);
        dice = new Dice(seed ^ 0x5EED);
        asking = new Dice(seed ^ 0xA5C);
        _ = (group.TypeOf<Page>(), group.TypeOf<Letter>(), group.TypeOf<Entry>());
        foreach (var region in group.Regions) // a kernel knows the types of its start
        {
            region.Stop();
            region.Start();
        }
        group.Network.Tap = (from, sent) => from.Region == Eve ? MutatorOf(from).Change(sent, PerMille) : [sent];
        group.Network.Sent = (_, frame) => Note(frame);
        group.Network.Arrived = (from, frame) =>
        {
            if (from == Eve.Name)
                taken[frame.GetType().Name] = taken.GetValueOrDefault(frame.GetType().Name) + 1;
        };
        group.Network.Refused = failure =>
        {
            var what = Numbers().Replace(failure.Message.Split(": ")[^1], "n");
            refused[what] = refused.GetValueOrDefault(what) + 1;
        };
    }

    /// <summary>Frames changed, by what was done.</summary>
    public IReadOnlyDictionary<Mutation, int> Done => done;

    /// <summary>Frames that nobody sent, by kind.</summary>
    public IReadOnlyDictionary<string, int> Made => made;

    /// <summary>Frames of the hostile region that a reader took, by the name of their type.</summary>
    public IReadOnlyDictionary<string, int> Taken => taken;

    /// <summary>Reasons for which a reader ended a link, with how often.</summary>
    public IReadOnlyDictionary<string, int> Refused => refused;

    /// <summary>Writes of the honest regions that were acknowledged.</summary>
    public int Acknowledged => acknowledged.Count;

    private SimulatedRegion Ada => group.Regions[0];

    private SimulatedRegion Bob => group.Regions[1];

    private SimulatedRegion Eve => group.Regions[2];

    /// <summary>Runs to the end.</summary>
    /// <exception cref="OracleException">The honest regions were harmed.</exception>
    public void Run()
    {
        while (group.Time.Now < HostileMilliseconds)
        {
            Write(dice.Pick(group.Regions));
            if (dice.Chance(150))
                WriteBeside(dice.Pick(group.Regions));
            group.Time.RunUntil(group.Time.Now + dice.Between(10, 120));
            DemandBounds();
        }
        group.Network.Tap = null;
        Eve.Kill();
        while (Difference() is { } difference)
        {
            if (group.Time.Now > HostileMilliseconds + LimitMilliseconds)
            {
                throw new OracleException(
                    $"{LimitMilliseconds / 1000} s after the hostile region was gone: {difference}");
            }
            group.Time.RunUntil(group.Time.Now + 100);
        }
        DemandServing();
    }

    /// <summary>One line.</summary>
    public string Summary => string.Create(CultureInfo.InvariantCulture,
        $"{Acknowledged} acknowledged, {refused.Values.Sum()} links ended for {refused.Count} reasons; {Show(done)}");

    private static string Show(IReadOnlyDictionary<Mutation, int> counts) => string.Join(", ", counts
        .OrderBy(c => c.Key).Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Value} {c.Key}")));

    private FrameMutator MutatorOf(LinkEnd end)
    {
        if (!mutators.TryGetValue(end, out var mutator))
        {
            var maker = new FrameMaker(dice.Fork(), Eve.Name, group.Members, group.TypeOf<Letter>().Name)
            {
                Asked = ofVoters => asking.Chance(300) ? 1 + (ulong)asking.Below(20)
                    : ofVoters ? askedOfVoters : asked,
            };
            mutators[end] = mutator = new FrameMutator(dice.Fork(), Eve.Name, maker) { Done = done, Made = made };
        }
        return mutator;
    }

    // Under which number something was asked last: what is made up may answer it.
    private void Note(Frame frame)
    {
        asked = frame switch
        {
            FetchFrame f => (ulong)f.Request, FetchTypeFrame f => (ulong)f.Request, AskFrame f => (ulong)f.Request,
            LeaseAskFrame f => (ulong)f.Request, _ => asked,
        };
        askedOfVoters = frame switch
        {
            RegisterAskFrame f => f.Request, EnrolFrame f => f.Request, _ => askedOfVoters,
        };
    }

    // Letters are the hostile region's own, because members are believed in who gets a type; the primary of entries
    // moves, so that regions ask each other for them.
    private void WriteBeside(SimulatedRegion at)
    {
        if (at == Eve)
            group.Send(Eve, group.TypeOf<Letter>(), "l1", new WriteLetter("hello"), RequestOptions.Default);
        else if (dice.Chance(300))
            RequestPrimary(dice.Pick(group.Regions));
        group.Send(at, group.TypeOf<Entry>(), "e1", new WriteEntry(at.Name), RequestOptions.Default);
    }

    private void RequestPrimary(SimulatedRegion at)
    {
        var request = new PrimaryRequest
        {
            Type = group.TypeOf<Entry>().Name, DeadlineMilliseconds = at.MonotonicMilliseconds + 5_000,
            Waiter = (Action<PrimaryResult>)(_ => { }),
        };
        at.Enter(at.Life, (kernel, now) => kernel.Submit(request, now));
    }

    private void Write(SimulatedRegion at)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{at.Name} {++lines}");
        var page = string.Create(CultureInfo.InvariantCulture, $"p{dice.Below(Pages)}");
        var pending = group.Send(at, group.TypeOf<Page>(), page, new WriteLine(line), RequestOptions.Default);
        pending.Took = reply =>
        {
            if (at != Eve && reply.Failure is null)
                acknowledged.Add(line, page);
        };
    }

    private void DemandBounds()
    {
        foreach (var region in new[] { Ada, Bob })
        {
            var held = region.Describe()!.Lanes.Sum(l => l.Held);
            if (held > MostHeld)
                throw new OracleException($"{region.Name} holds {held} events back.");
        }
    }

    // Null when both honest regions hold every event of theirs, as it was written.
    private string? Difference()
    {
        var (ada, bob) = (Honest(Ada), Honest(Bob));
        foreach (var (line, page) in acknowledged)
        {
            if (!ada.ContainsValue((page, line)))
                return $"ada lacks '{line}' of {page}, which was acknowledged.";
            if (!bob.ContainsValue((page, line)))
                return $"bob lacks '{line}' of {page}, which was acknowledged.";
        }
        foreach (var (name, text) in ada)
        {
            if (!bob.TryGetValue(name, out var other))
                return $"bob lacks {name}.";
            if (other != text)
                return $"{name} is {text} in ada and {other} in bob.";
        }
        return bob.Keys.Except(ada.Keys).Select(name => $"ada lacks {name}.").FirstOrDefault();
    }

    private static Dictionary<EventName, (string Page, string Line)> Honest(SimulatedRegion region)
    {
        var type = EntityType.Of<Page>();
        return region.Disk.State.Entities.Values.SelectMany(e => e.Rows).Select(r => r.Event)
            .Where(e => e.Origin.Region is "ada" or "bob")
            .ToDictionary(EventName.Of, e => (e.Entity.Id, e.Entity.Type != type.Name ? ""
                : (type.Decode(e.PayloadName, e.PayloadVersion, e.Payload.Span) as LineWritten)?.Text ?? ""));
    }

    // An entity of which the hostile region has shown two versions is quarantined, and parked when it forged what no
    // handler reads: both are said. Every other one is read, and holds the same in both.
    private void DemandServing()
    {
        for (var i = 0; i < Pages; i++)
        {
            var page = string.Create(CultureInfo.InvariantCulture, $"p{i}");
            var (ada, bob) = (Read(Ada, page), Read(Bob, page));
            foreach (var reply in new[] { ada, bob })
            {
                if (reply.Failure is { } failure && failure.Error != ErrorCodes.EntityForked
                    && failure.Error != ErrorCodes.EntityParked)
                    throw new OracleException($"{page} cannot be read: {failure}.");
            }
        }
    }

    private EntityReply<Page> Read(SimulatedRegion at, string page) => group.Read(
        at, group.TypeOf<Page>(), page, view => (Page)view.State, RequestOptions.Default).Reply;

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Numbers();
}
