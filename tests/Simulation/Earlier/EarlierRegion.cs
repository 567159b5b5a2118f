using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>A region whose process is of an earlier build: its kernel, journal and shell are that build's own. Of it
/// the world sees bytes of frames, answers, and what it makes durable; of the world it sees a clock, names of peers and
/// bytes.</summary>
/// <remarks>Its disk here is a mirror: each transaction is on it, in the types of this build, before anybody hears of
/// it. So the oracles judge the earlier build as they judge this one, and this build can take the region over where it
/// stands (<see cref="SimulatedGroup.Upgrade"/>).</remarks>
internal sealed class EarlierRegion : SimulatedRegion
{
    private readonly SimulatedGroup group;
    private readonly IReadOnlyDictionary<string, Delegate> inward;
    private readonly Dictionary<long, EntityRequest> waiting = [];
    private JournalIdentity? found;
    private long requests;
    private bool up;

    public EarlierRegion(SimulatedGroup group, string name, SimulatedDisk disk, Dice dice)
        : base(group, name, disk, () => TestTypes.WithoutEffects, dice)
    {
        this.group = group;
        inward = EarlierBuild.Create(name, group.Members, disk.JournalId, dice.Next(), Outward());
    }

    public override bool Up => up;

    /// <summary>Bounds as they are for regions of this build.</summary>
    public override KernelOptions Options => group.Options(Name, default, 0);

    /// <summary>Another process has taken the region over: this one does not start again.</summary>
    public bool IsReplaced { get; set; }

    /// <summary>Told what arrives, as this build reads it; null when nobody listens.</summary>
    public Action<Pelago.Replication.Wire.Frame>? Heard { get; set; }

    /// <summary>Why the earlier build refused frames.</summary>
    public List<string> Refused { get; } = [];

    public override KernelDescription? Describe()
        => Ask<Func<byte[]?>>("describe")() is { } bytes ? AnswersIn.Describe(Name, bytes) : null;

    public override void Start()
    {
        if (up || IsReplaced)
            return;
        Life++;
        up = true;
        found = Disk.Open();
        Ask<Action>("start")();
    }

    public override void Kill() => Ask<Action>("kill")();

    public override void Stop() => Ask<Action>("stop")();

    public override void Pause(long milliseconds) => Ask<Action<long>>("pause")(milliseconds);

    /// <summary>Writes what its disk holds into an embedded journal in a folder, by the earlier build's own
    /// code.</summary>
    public Task StoreAsync(string folder) => Ask<Func<string, Task>>("store")(folder);

    public void Submit(CommandRequest request, Operation operation)
    {
        if (!up)
            return;
        waiting.Add(++requests, request);
        Ask<Action<long, string[], string[], long>>("submit")(requests,
            [operation.Entity.Type, operation.Entity.Id, operation.Key, operation.Level?.ToString() ?? ""],
            [.. operation.Lines], operation.PatienceMilliseconds);
    }

    public void Read(ReadRequest request, long patienceMilliseconds)
    {
        if (!up)
            return;
        waiting.Add(++requests, request);
        Ask<Action<long, string[], byte[], long>>("read")(requests, [request.Entity.Type, request.Entity.Id],
            AnswersIn.Write(request.Condition), patienceMilliseconds);
    }

    internal override void Opened(LinkEnd end, string peer)
    {
        if (IsMine(end.Life))
            Ask<Action<long, string, bool>>("opened")(end.Number, peer, end.Dialled is not null);
    }

    internal override void Arrived(SimulatedLink link, LinkEnd end, ReadOnlyMemory<byte> bytes)
    {
        if (!IsMine(end.Life))
            return;
        FrameReader.TryReadLength(bytes.Span, out _, out var used);
        Heard?.Invoke(Pelago.Replication.Wire.Frame.Parser.ParseFrom(bytes[used..].Span));
        Ask<Action<long, byte[]>>("arrived")(end.Number, bytes.ToArray());
    }

    internal override void Closed(LinkEnd end)
    {
        if (IsMine(end.Life))
            Ask<Action<long>>("closed")(end.Number);
    }

    internal override void DialFailed(int life, string peer)
    {
        if (IsMine(life))
            Ask<Action<string>>("dialFailed")(peer);
    }

    private bool IsMine(int life) => up && life == Life;

    private T Ask<T>(string what) where T : Delegate => (T)inward[what];

    private Dictionary<string, Delegate> Outward() => new()
    {
        ["now"] = (Func<long>)(() => group.Time.Now),
        ["at"] = (Action<long, Action>)group.Time.At,
        ["settings"] = (Func<long[]>)(() => [ClockOffMilliseconds, Disk.Full ? 1 : 0, CrashBeforeWritePerMille,
            CrashAfterWritePerMille, LoadFailurePerMille]),
        ["dial"] = (Action<string>)(peer => group.Network.Dial(this, peer)),
        ["send"] = (Action<long, byte[]>)Send,
        ["close"] = (Action<long>)Close,
        ["refused"] = (Action<string>)Refused.Add,
        ["written"] = (Action<byte[]>)(bytes => Disk.Write(JournalIn.Read(bytes))),
        ["answered"] = (Action<long, byte[]>)Answered,
        ["started"] = (Action<string>)Started,
        ["ended"] = (Action<bool>)Ended,
        ["died"] = (Action)(() => Died?.Invoke(this)),
        ["entered"] = (Action)(() => group.Entered(this)),
        ["inspect"] = (Action)(() => group.Inspect(this)),
        ["alarmed"] = (Action<string, string>)Alarmed,
        ["say"] = (Action<string>)(what => group.Say(this, what)),
    };

    private void Send(long number, byte[] frame)
    {
        if (Links.TryGetValue(number, out var to))
            to.Link.Send(to.End, frame);
    }

    private void Close(long number)
    {
        if (Links.Remove(number, out var to))
            to.Link.Close(to.End);
    }

    private void Answered(long number, byte[] answer)
    {
        waiting.Remove(number, out var request);
        group.Answered(this, request!, AnswersIn.Answer(request!.Entity, answer));
    }

    private void Started(string continuity)
    {
        if (continuity != found!.Continuity.ToString())
        {
            throw new OracleException(
                $"{Name}: to the earlier build its journal is {continuity}, to this one {found}.");
        }
        group.Started(this, found);
    }

    private void Ended(bool clean)
    {
        up = false;
        waiting.Clear();
        if (clean)
            Disk.Close();
        Links.Clear();
        group.Ended(this, new ProbeCounts(), clean);
    }

    private void Alarmed(string kind, string text)
    {
        var alarm = new Alarm(Enum.Parse<AlarmKind>(kind), text);
        Alarms.Add(alarm);
        group.Alarmed(this, alarm);
    }
}
