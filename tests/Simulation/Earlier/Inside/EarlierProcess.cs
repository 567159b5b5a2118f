using System.Text;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk.Testing;
using Pelago.Tests.Simulation;

namespace Pelago.Tests.Earlier;

/// <summary>A region's process of an earlier build: that build's kernel, simulated journal and shell, and the entity
/// types of its tests. The world outside is of another build, so only what both take from .NET crosses: numbers, texts,
/// bytes, and delegates by name (<c>EarlierRegion</c> is the other half).</summary>
public sealed class EarlierProcess
{
    private readonly Surroundings surroundings;
    private readonly SimulatedRegion region;

    private EarlierProcess(string name, string[] members, Guid journal, ulong seed,
        IReadOnlyDictionary<string, Delegate> outward)
    {
        var disk = new SimulatedDisk(journal);
        surroundings = new Surroundings(members, disk, outward);
        region = new SimulatedRegion(surroundings, name, disk, () => TestTypes.WithoutEffects, new Dice(seed))
        {
            Died = _ => ((Action)outward["died"])(),
        };
    }

    /// <summary>Makes a process that is not started yet, and says what can be asked of it.</summary>
    /// <param name="outward">What it asks of the world.</param>
    public static IReadOnlyDictionary<string, Delegate> Create(string name, string[] members, Guid journal, ulong seed,
        IReadOnlyDictionary<string, Delegate> outward)
        => new EarlierProcess(name, members, journal, seed, outward).Inward();

    private Dictionary<string, Delegate> Inward() => new()
    {
        ["start"] = (Action)region.Start,
        ["kill"] = (Action)region.Kill,
        ["stop"] = (Action)region.Stop,
        ["pause"] = (Action<long>)region.Pause,
        ["opened"] = (Action<long, string, bool>)Opened,
        ["arrived"] = (Action<long, byte[]>)((link, bytes) => LinkOf(link)?.Arrived(bytes)),
        ["closed"] = (Action<long>)(link => LinkOf(link)?.Closed()),
        ["dialFailed"] = (Action<string>)(peer => region.Enter(region.Life, (k, now) => k.DialFailed(peer, now))),
        ["submit"] = (Action<long, string[], string[], long>)Submit,
        ["read"] = (Action<long, string[], byte[], long>)Read,
        ["describe"] = (Func<byte[]?>)(() => region.Describe() is { } described
            ? AnswersOut.Describe(described) : null),
        ["store"] = (Func<string, Task>)(folder => JournalFile.Write(surroundings.Log, folder)),
    };

    private SimulatedLink? LinkOf(long number) => region.Links.TryGetValue(number, out var link) ? link.Link : null;

    private void Opened(long number, string peer, bool dialled)
    {
        region.Links[number] = (surroundings.Link(region, number, peer), new LinkEnd());
        region.Enter(region.Life, (kernel, now) => kernel.LinkOpened(number, peer, dialled, now));
    }

    // What: type, id, idempotency key, level of acknowledgement or nothing.
    private void Submit(long number, string[] what, string[] lines, long patience)
    {
        var entity = new EntityKey(what[0], what[1]);
        var request = new CommandRequest
        {
            Entity = entity, IdempotencyKey = what[2], Command = TestTypes.Persist(lines),
            Handle = (state, handle, context) => ((Func<object, CommandContext, Decision>)handle)(state, context),
            EncodeReply = what[2].Length == 0 ? null : reply => Encoding.UTF8.GetBytes((string)reply!),
            DecodeReply = what[2].Length == 0 ? null : bytes => Encoding.UTF8.GetString(bytes.Span),
            Acknowledgement = Acknowledgement.TryParse(what[3], out var level) ? level : null,
            DeadlineMilliseconds = region.MonotonicMilliseconds + patience,
        };
        surroundings.Waits(number, request);
        region.Enter(region.Life, (kernel, now) => kernel.Submit(request, now));
    }

    private void Read(long number, string[] what, byte[] condition, long patience)
    {
        var request = new ReadRequest
        {
            Entity = new EntityKey(what[0], what[1]), Condition = AnswersOut.ReadCondition(condition),
            Project = view => view, DeadlineMilliseconds = region.MonotonicMilliseconds + patience,
        };
        surroundings.Waits(number, request);
        region.Enter(region.Life, (kernel, now) => kernel.Read(request, now));
    }
}
