using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>A region of a world: the kernel of production over a journal in memory.</summary>
public sealed class WorldRegion
{
    private readonly WorldGroup group;
    private readonly SimulatedRegion region;
    private readonly WorldClient? client;

    internal WorldRegion(WorldGroup group, SimulatedRegion region, WorldClient? client = null)
        => (this.group, this.region, this.client) = (group, region, client);

    /// <summary>Its name.</summary>
    public string Name => region.Name;

    /// <summary>Its process runs.</summary>
    public bool IsUp => region.Up;

    /// <summary>How far its wall clock is off; may be set while it runs, as a clock that steps.</summary>
    public TimeSpan ClockSkew
    {
        get => TimeSpan.FromMilliseconds(region.ClockOffMilliseconds);
        set
        {
            region.ClockOffMilliseconds = (long)value.TotalMilliseconds;
            group.Say(region, $"has a clock that is off by {WorldGroup.Clock(region.ClockOffMilliseconds)}");
        }
    }

    /// <summary>While set every write to its journal fails.</summary>
    public bool DiskIsFull
    {
        get => region.Disk.Full;
        set => region.Disk.Full = value;
    }

    /// <summary>Its conflict ledger: events that the fold refused or counted once, in the order in which they were
    /// entered.</summary>
    public IReadOnlyList<ConflictRecord> Conflicts => [.. region.Disk.Conflicts];

    /// <summary>What its kernel has said that an operator should know, oldest first.</summary>
    public IReadOnlyList<Alarm> Alarms => [.. region.Alarms];

    /// <summary>An entity by id.</summary>
    /// <typeparam name="TState">Its state record; the first use registers the type in every region.</typeparam>
    public WorldEntity<TState> Get<TState>(string id) where TState : class, IEntity<TState>
        => new(group, region, id, client);

    /// <summary>Makes it the primary of a type whose primary moves, and lets time pass until it is.</summary>
    /// <exception cref="Model.PelagoException">It could not be done within twenty seconds.</exception>
    public void RequestPrimary<TState>() where TState : class, IEntity<TState>
        => group.RequestPrimary(region, group.TypeOf<TState>().Name);

    /// <summary>Forgets a subject: the keys of its personal members go, here and wherever the event arrives.</summary>
    /// <param name="level">In how many regions that has to be durable before it is answered; this one unless said
    /// otherwise.</param>
    /// <returns>False when it was forgotten before.</returns>
    /// <exception cref="Model.PelagoException">PLG5020: that was not confirmed in time.</exception>
    public bool Forget(string subject, Acknowledgement level = default)
        => group.Send(region, SubjectType.Type, subject, SubjectType.Forget, new Entities.RequestOptions
        {
            Acknowledgement = level,
        }).Value;

    /// <summary>Its process stands still for so long; what arrives waits.</summary>
    public void Pause(TimeSpan time)
    {
        group.Say(region, $"stands still for {WorldGroup.Clock((long)time.TotalMilliseconds)}");
        region.Pause((long)time.TotalMilliseconds);
    }

    internal WorldRegion For(WorldClient by) => new(group, region, by);
}
