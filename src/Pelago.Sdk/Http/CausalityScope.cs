using System.Globalization;
using Pelago.Replication;

namespace Pelago.Sdk;

/// <summary>What one HTTP request carries through its handlers: its token, which grows, and its idempotency
/// key.</summary>
/// <remarks>Flows with the request's asynchronous calls. Thread-safe, because a handler may send several commands at
/// once.</remarks>
internal sealed class CausalityScope(CausalityToken token, string idempotencyKey)
{
    private static readonly AsyncLocal<CausalityScope?> Ambient = new();
    private readonly Lock gate = new();
    private CausalityToken token = token;
    private int commands;

    /// <summary>Scope of the present request; null outside of requests.</summary>
    public static CausalityScope? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    /// <summary>What the client has seen by now.</summary>
    public CausalityToken Token
    {
        get
        {
            lock (gate)
                return token;
        }
    }

    /// <summary>Whether the client gave a key.</summary>
    public bool IsKeyed => idempotencyKey.Length > 0;

    /// <summary>The level of acknowledgement that the client asked for, or null.</summary>
    public Acknowledgement? Acknowledgement { get; init; }

    /// <summary>What the key stands for; set before the request's handler runs.</summary>
    public ReadOnlyMemory<byte> Fingerprint { get; set; }

    /// <summary>Adds what a command or read saw.</summary>
    public void Add(IReadOnlyList<WritePoint> points)
    {
        lock (gate)
            token = token.With(points);
    }

    /// <summary>Key of the request's next command. The first takes the client's key as it is; further ones number
    /// it, so that two commands of one request are not taken for one and a repeated request repeats them in
    /// order.</summary>
    public string NextKey()
    {
        if (idempotencyKey.Length == 0)
            return "";
        var number = Interlocked.Increment(ref commands);
        return number == 1 ? idempotencyKey : string.Create(CultureInfo.InvariantCulture, $"{idempotencyKey}#{number}");
    }

    /// <summary>Whether a key looks like one that <see cref="NextKey"/> numbered. A client may not send such a key: it
    /// could be the key of another request's command, and one of the two would be taken for done.</summary>
    /// <remarks>Rejected: numbering with a character that no header holds. Journals hold the numbered keys, and a
    /// request that is repeated after an upgrade, or in a region of the build before, would be carried out
    /// again.</remarks>
    public static bool IsNumbered(string key)
    {
        var name = key.AsSpan().TrimEnd("0123456789");
        return name.Length < key.Length && name.EndsWith('#');
    }
}
