using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Region;

/// <summary>An entity as this region has it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">Its state.</param>
/// <param name="Events">Number of its events here.</param>
internal sealed record Followed<TState>(string Id, TState State, ulong Events);

/// <summary>All entities of one type as this region has them: first everything that is in the journal, then whatever
/// arrives in it, written here or in another region.</summary>
/// <param name="runtime">Holds the entities.</param>
/// <param name="typeName">Name of the type in the journal.</param>
/// <param name="clock">Time.</param>
/// <param name="log">Where trouble is told.</param>
internal sealed class EntityFollower<TState>(EntityRuntime runtime, string typeName, TimeProvider clock, ILogger log)
    where TState : class, IEntity<TState>
{
    private const int PageEntities = 500;
    private const int WaitingKeys = 4096;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, Followed<TState>> _known = new(StringComparer.Ordinal);

    // Bounded, and full means "look at everything": no key is ever lost, and no writer ever waits.
    private readonly Channel<(string Id, ulong Row)> _arrived = Channel.CreateBounded<(string, ulong)>(
        new BoundedChannelOptions(WaitingKeys) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private volatile bool _overflowed;

    /// <summary>The type.</summary>
    public EntityType Type { get; } = runtime.Types.Of<TState>();

    /// <summary>What is known, in no order.</summary>
    public IEnumerable<Followed<TState>> Known => _known.Values;

    /// <summary>One entity as it was last seen, or null.</summary>
    public Followed<TState>? Find(string id) => _known.GetValueOrDefault(id);

    /// <summary>Tells that an entity got an event. Never blocks.</summary>
    public void OnAppended(EntityKey key, ulong row)
    {
        if (key.Type == typeName && !_arrived.Writer.TryWrite((key.Id, row)))
            _overflowed = true;
    }

    /// <summary>Follows until cancelled.</summary>
    /// <param name="changed">Called after everything was read, and after each group of changes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task FollowAsync(Action changed, CancellationToken cancellationToken)
    {
        await ReadAllAsync(cancellationToken);
        changed();
        while (await _arrived.Reader.WaitToReadAsync(cancellationToken))
        {
            while (_arrived.Reader.TryRead(out var arrived))
                await FollowAsync(arrived.Id, arrived.Row, cancellationToken);
            if (_overflowed)
            {
                _overflowed = false;
                await ReadAllAsync(cancellationToken);
            }
            changed();
        }
    }

    /// <summary>Reads an entity as it is now; one that never was has the type's first state.</summary>
    /// <exception cref="PelagoException">It cannot be read.</exception>
    public async Task<Followed<TState>> ReadAsync(string id, CancellationToken cancellationToken)
    {
        var reply = await runtime.ReadAsync(Type, id, view => (State: (TState)view.State, view.Count),
            RequestOptions.Default, cancellationToken);
        var (state, count) = reply.ValueOrThrow();
        return new Followed<TState>(id, state, count);
    }

    private async Task ReadAllAsync(CancellationToken cancellationToken)
    {
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
        {
            var after = 0L;
            do
            {
                var page = await runtime.Journal.ReadEntitiesAsync(lane, after, PageEntities, cancellationToken);
                foreach (var key in page.Entities.Where(k => k.Type == typeName))
                    await FollowAsync(key.Id, 0, cancellationToken);
                after = page.Next;
            }
            while (after != 0);
        }
    }

    /// <summary>Takes an entity over as it is once the row is folded: the journal commits before the fold shows
    /// it.</summary>
    private async Task FollowAsync(string id, ulong row, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var found = await ReadAsync(id, cancellationToken);
                if (found.Events >= row)
                {
                    if (found.Events > 0) // else only replies are remembered for it
                        _known[id] = found;
                    return;
                }
            }
            catch (PelagoException e) when (e.Failure.Error == ErrorCodes.RegionJoining)
            {
                // It is read once the lane has what the others had.
            }
            catch (PelagoException e)
            {
                // A parked entity is left as it was last seen; the others go on.
                Log.ResourceUnreadable(log, id, e.Failure.ToString());
                return;
            }
            await Task.Delay(RetryDelay, clock, cancellationToken);
        }
    }
}
