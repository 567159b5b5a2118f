using System.IO.Pipelines;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Entities;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Entities;

/// <summary>A region's runtime on a real journal in a directory of its own.</summary>
internal sealed class TestRegion : IAsyncDisposable
{
    private static readonly EntityTypes Types = new([EntityType.Of<Tally>()]);
    private static int sessions;
    private readonly string directory;
    private readonly IReadOnlyList<string> members;
    private readonly IPeerDialler dialler;

    private TestRegion(string name, string directory, IReadOnlyList<string> members, IPeerDialler dialler)
        => (Name, this.directory, this.members, this.dialler) = (name, directory, members, dialler);

    public string Name { get; }

    /// <summary>Hours by which the region's wall clock is ahead from its next start on.</summary>
    public int HoursAhead { get; set; }

    /// <summary>Memory for entities from the next start on; 0 for the default.</summary>
    public long EntityMemoryBytes { get; set; }

    /// <summary>Replies without events per entity from the next start on; 0 for the default.</summary>
    public int MaxEventlessReplies { get; set; }

    /// <summary>The journal's database, for who damages it while the region is stopped.</summary>
    public string DatabasePath => Path.Combine(directory, "journal", "journal.db");

    /// <summary>Where its journal lies, told the region's directory.</summary>
    public required Func<string, IJournalPlace> Place { get; init; }

    /// <summary>The entity types that it runs.</summary>
    public EntityTypes Runs { get; set; } = Types;

    /// <summary>Changes the runtime's options from the next start on.</summary>
    public Func<RuntimeOptions, RuntimeOptions> Adjust { get; set; } = options => options;

    /// <summary>Where the runtime logs from its next start on.</summary>
    public ILogger Logger { get; set; } = NullLogger.Instance;

    public EntityRuntime Runtime { get; private set; } = null!;

    public BrokenJournal Journal { get; private set; } = null!;

    public EntityType Type { get; } = Types.Of<Tally>();

    public static Task<TestRegion> StartAsync(string name) => StartAsync(name, [name], new NoPeers());

    public static async Task<TestRegion> StartAsync(string name, TestNetwork network,
        Func<string, IJournalPlace>? place = null, EntityTypes? types = null)
    {
        var region = await StartAsync(name, network.Members, network.DiallerOf(name), place, types);
        network.Add(region);
        return region;
    }

    /// <param name="place">Where its journal lies, told its directory; SQLite there when null.</param>
    public static async Task<TestRegion> StartAsync(string name, IReadOnlyList<string> members, IPeerDialler dialler,
        Func<string, IJournalPlace>? place = null, EntityTypes? types = null)
    {
        var directory = Directory.CreateTempSubdirectory("pelago-entities-").FullName;
        var region = new TestRegion(name, directory, members, dialler) 
        {
            Place = place ?? Embedded, Runs = types ?? Types,
        };
        await region.StartAgainAsync();
        return region;
    }

    public async Task StartAgainAsync()
    {
        var journal = await Place(directory).OpenAsync(
            new FileKeyEncryption(Path.Combine(directory, "kek.json")), TimeProvider.System, NullLogger.Instance,
            TestContext.Current.CancellationToken);
        var session = Incarnation.Create(
            TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
            BitConverter.GetBytes((Int128)Interlocked.Increment(ref sessions)));
        var options = new RuntimeOptions
        {
            Kernel = new KernelOptions
            {
                Region = Name, Members = members, Session = session, Seed = (ulong)Name.Length,
            },
        };
        if (MaxEventlessReplies > 0)
            options = options with { Kernel = options.Kernel with { MaxEventlessReplies = MaxEventlessReplies } };
        if (EntityMemoryBytes > 0)
            options = options with { Kernel = options.Kernel with { EntityMemoryBytes = EntityMemoryBytes } };
        Journal = new BrokenJournal(journal);
        Runtime = await EntityRuntime.StartAsync(Adjust(options), Runs, Journal, dialler,
            new EntityOwners(Name),
            new Ahead(TimeSpan.FromHours(HoursAhead)), Logger, TestContext.Current.CancellationToken);
    }

    private static JournalOptions Embedded(string directory) => new()
    {
        DataDirectory = Path.Combine(directory, "journal"), GuardFile = Path.Combine(directory, "guard.json"),
    };

    private sealed class Ahead(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }

    public ValueTask<EntityReply<int>> NoteAsync(string id, string word, RequestOptions? options = null)
        => Runtime.SendAsync(Type, id, new Note(word), options ?? RequestOptions.Default,
            TestContext.Current.CancellationToken);

    public ValueTask<EntityReply<int>> StrikeAsync(string id, string word, RequestOptions? options = null)
        => Runtime.SendAsync(Type, id, new Strike(word), options ?? RequestOptions.Default,
            TestContext.Current.CancellationToken);

    public ValueTask<EntityReply<string>> WordsAsync(string id, RequestOptions? options = null)
        => Runtime.ReadAsync(Type, id, view => string.Join(' ', ((Tally)view.State).Words),
            options ?? RequestOptions.Default, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Runtime.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}

/// <summary>Streams in memory between regions, which can be cut.</summary>
internal sealed class TestNetwork(IReadOnlyList<string> members)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, TestRegion> regions = new(StringComparer.Ordinal);
    private readonly HashSet<string> cut = new(StringComparer.Ordinal);
    private readonly List<(string A, string B, CancellationTokenSource End)> streams = [];

    public IReadOnlyList<string> Members => members;

    public void Add(TestRegion region)
    {
        lock (gate)
            regions[region.Name] = region;
    }

    /// <summary>Ends every stream of a region and refuses new ones.</summary>
    public void Cut(string region)
    {
        lock (gate)
        {
            cut.Add(region);
            foreach (var stream in streams.Where(s => s.A == region || s.B == region))
                stream.End.Cancel();
            streams.RemoveAll(s => s.A == region || s.B == region);
        }
    }

    public void Heal(string region)
    {
        lock (gate)
            cut.Remove(region);
    }

    public IPeerDialler DiallerOf(string region) => new Dialler(this, region);

    private PeerStream Open(string from, string to)
    {
        lock (gate)
        {
            if (cut.Contains(from) || cut.Contains(to) || !regions.TryGetValue(to, out var target))
                throw new IOException($"{to} cannot be reached from {from}");
            var (there, back) = (new Pipe(), new Pipe());
            var end = new CancellationTokenSource();
            streams.Add((from, to, end));
            end.Token.Register(() =>
            {
                there.Writer.CancelPendingFlush();
                there.Reader.CancelPendingRead();
            });
            _ = target.Runtime.AcceptAsync(from, new Duplex(there.Reader, back.Writer), end.Token);
            return new PeerStream(back.Reader, there.Writer, () => ValueTask.CompletedTask);
        }
    }

    private sealed class Dialler(TestNetwork network, string from) : IPeerDialler
    {
        public ValueTask<PeerStream> DialAsync(string peer, CancellationToken cancellationToken)
            => ValueTask.FromResult(network.Open(from, peer));
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
