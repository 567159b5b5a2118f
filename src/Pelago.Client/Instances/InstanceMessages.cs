using Pelago.Model;

namespace Pelago.Client;

/// <summary>Body of <c>POST /v1/instances/{id}/enrol</c>. Needs no other authorization than the token.</summary>
/// <param name="Token">The one-time token from standard input.</param>
/// <param name="Csr">PKCS #10 request (RFC 2986), DER. Only its public key and its proof of possession count: the
/// region alone decides the names. Asking again with the same token and the same request gets the same answer for ten
/// minutes, so that a lost answer does not lose the instance.</param>
public sealed record InstanceEnrolRequest(string Token, byte[] Csr)
{
    /// <summary>Hides the token.</summary>
    public override string ToString() => nameof(InstanceEnrolRequest);
}

/// <summary>Everything an instance needs to serve and to replicate, from then on without the federation
/// plane.</summary>
/// <param name="Certificate">PEM: the instance's leaf, then the region's intermediate. The root is in the trust
/// bundle.</param>
/// <param name="Credential">Bearer token for the instance's later calls; the region keeps a hash of it.</param>
/// <param name="IngressSecret">Header <c>Pelago-Ingress-Secret</c> that only this region's ingress sends to this
/// instance; without it <c>Pelago-Client</c> means nothing.</param>
/// <param name="CausalityKeys">Keys of the project's causality tokens.</param>
/// <param name="JournalKey">Key-encryption key of the service's journal in this region.</param>
/// <param name="Configuration">What may change while the instance runs.</param>
public sealed record InstanceEnrolment(
    string Certificate,
    string Credential,
    string IngressSecret,
    CausalityKeys CausalityKeys,
    WrappingKey JournalKey,
    InstanceConfiguration Configuration)
{
    /// <summary>The database of the service's journal; null where it lies in the instance's home.</summary>
    public JournalDatabase? Database { get; init; }

    /// <summary>Key-encryption keys of the journal before <see cref="JournalKey"/>, newest first: what they wrapped
    /// opens with them.</summary>
    public IReadOnlyList<WrappingKey> FormerJournalKeys { get; init; } = [];

    /// <summary>Hides the secrets.</summary>
    public override string ToString() => nameof(InstanceEnrolment);
}

/// <summary>Answer of <c>POST /v1/instances/{id}/journal-key</c> (bearer: the credential), which makes a new
/// key-encryption key of the service's journal in this region.</summary>
/// <param name="Current">The new key: everything is wrapped under it from now on.</param>
/// <param name="Former">Those before it, newest first.</param>
public sealed record JournalKeySet(WrappingKey Current, IReadOnlyList<WrappingKey> Former);

/// <summary>HMAC-SHA-256 keys of causality tokens, 32 bytes each: new tokens are made with the current one, both are
/// accepted.</summary>
public sealed record CausalityKeys(byte[] Current, byte[]? Previous)
{
    /// <summary>Hides the keys.</summary>
    public override string ToString() => nameof(CausalityKeys);
}

/// <summary>A key-encryption key (AES-256).</summary>
/// <param name="Id">Stable name of the key, stored beside what it wrapped.</param>
/// <param name="Key">32 bytes.</param>
public sealed record WrappingKey(string Id, byte[] Key)
{
    /// <summary>Shows the id only.</summary>
    public override string ToString() => $"{nameof(WrappingKey)} {Id}";
}

/// <summary>A database that one service's journal has for itself.</summary>
/// <param name="Host">Address of its server.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Name">The database.</param>
/// <param name="User">Who owns it.</param>
/// <param name="Password">That user's.</param>
public sealed record JournalDatabase(string Host, int Port, string Name, string User, string Password)
{
    /// <summary>Hides the password.</summary>
    public override string ToString() => $"{nameof(JournalDatabase)} {Name}";
}

/// <summary>The group's root certificates.</summary>
/// <param name="Epoch">Grows with every change; an older bundle than the one held is refused.</param>
/// <param name="Pem">One or more root certificates, PEM.</param>
public sealed record TrustBundleDocument(long Epoch, string Pem);

/// <summary>Body of <c>GET /v1/instances/{id}/configuration?version=N</c> (bearer: the credential). The call returns at
/// once when the region's version differs from N, else when it changes, else after 30 s with status 204.</summary>
/// <param name="Version">Opaque, compared for equality only.</param>
/// <param name="Trust">The group's trust bundle.</param>
/// <param name="Members">The regions with which the service began; where the instance's region came later
/// (<see cref="Joins"/>), those that it can ask who the members are.</param>
/// <param name="Peers">The other regions, and where to dial their ingresses.</param>
public sealed record InstanceConfiguration(
    string Version, TrustBundleDocument Trust, IReadOnlyList<string> Members, IReadOnlyList<PeerRegion> Peers)
{
    /// <summary>The region came after the service had begun: an empty journal is told by the others who the members
    /// are. Read at the start of the instance only.</summary>
    public bool Joins { get; init; }
}

/// <summary>Body of <c>POST /v1/instances/{id}/renew</c> (bearer: the credential).</summary>
/// <param name="Csr">PKCS #10 request with a new key, DER.</param>
public sealed record InstanceRenewRequest(byte[] Csr);

/// <summary>Answer to a renewal.</summary>
/// <param name="Certificate">PEM: leaf, then intermediate.</param>
public sealed record InstanceCertificate(string Certificate);

/// <summary>Body of <c>GET /v1/about</c> on an instance's management listener.</summary>
/// <param name="Version">Version of Pelago that the program is made with, three numbers.</param>
public sealed record InstanceAbout(string Version);

/// <summary>Body of <c>POST /v1/instances/{id}/failure</c> (bearer: the credential): why the program ends, so that
/// whoever asks the region need not search its log.</summary>
/// <param name="Trouble">Code, sentence and next step; at most 2,000 characters of each are kept.</param>
public sealed record InstanceFailure(TroubleView Trouble);

/// <summary>Body of <c>GET /v1/replication</c> on an instance's management listener, as far as a region reads
/// it.</summary>
public sealed record InstanceReplication(IReadOnlyList<PeerReplication> Peers)
{
    /// <summary>Parked entities; the first few.</summary>
    public IReadOnlyList<ParkedEntity> Parked { get; init; } = [];

    /// <summary>How many are parked.</summary>
    public long ParkedCount { get; init; }

    /// <summary>What keeps part of its journal from being used, or null.</summary>
    public TroubleView? Journal { get; init; }

    /// <summary>What its replica was alarmed about since its process began, one entry a kind.</summary>
    public IReadOnlyList<AlarmView> Alarms { get; init; } = [];
}

/// <summary>How far a replica is behind one peer.</summary>
/// <param name="Peer">Name of the peer region.</param>
/// <param name="State"><c>Live</c>, <c>CatchingUp</c> or <c>Down</c>.</param>
/// <param name="LagMs">Milliseconds by which the newest applied event (or the last heartbeat, when nothing is written)
/// is older than now; null when never heard of.</param>
/// <param name="BehindEvents">Events that the peer has and this replica does not, as last heard.</param>
/// <param name="Path"><c>direct</c>, <c>relayed</c> through another region, or <c>none</c>.</param>
public sealed record PeerReplication(string Peer, string State, double? LagMs, long BehindEvents, string Path);
