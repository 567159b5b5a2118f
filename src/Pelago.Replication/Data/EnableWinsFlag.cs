using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>A flag that is on when somebody enabled it and nobody who had seen that disabled it: enabling wins over a
/// concurrent disabling.</summary>
/// <remarks>Immutable. Keeps one dot per region that enabled it concurrently, until that is final.</remarks>
public sealed class EnableWinsFlag : IMapValue<EnableWinsFlag>
{
    private readonly Presence presence;

    private EnableWinsFlag(Presence presence) => this.presence = presence;

    /// <summary>From its JSON form.</summary>
    /// <param name="settled">Enabled by a final event.</param>
    /// <param name="dots">Events not yet final that enabled it.</param>
    [JsonConstructor]
    public EnableWinsFlag(bool settled, ImmutableArray<Dot> dots) : this(new Presence(settled, dots.Normal()))
    {
    }

    /// <summary>Off.</summary>
    public static EnableWinsFlag Empty { get; } = new(new Presence(false, []));

    /// <summary>On or off.</summary>
    [JsonIgnore]
    public bool IsEnabled => presence.IsAny;

    /// <inheritdoc />
    [JsonIgnore]
    public bool IsEmpty => !presence.IsAny;

    /// <inheritdoc />
    [JsonIgnore]
    public bool IsSettled => presence.IsSettled;

    /// <summary>Enabled by a final event; part of the JSON form.</summary>
    public bool Settled => presence.Settled;

    /// <summary>Events not yet final that enabled it; part of the JSON form.</summary>
    public ImmutableArray<Dot> Dots => presence.Dots;

    /// <summary>On.</summary>
    public EnableWinsFlag Enable(in EventContext context) => new(presence.With(context));

    /// <summary>Off, as far as the author had seen.</summary>
    public EnableWinsFlag Disable(in EventContext context) => presence.IsAny ? new(presence.Without(context)) : this;

    /// <inheritdoc />
    public EnableWinsFlag Reset(in EventContext context) => Disable(context);

    /// <inheritdoc />
    public EnableWinsFlag Settle(Horizon horizon) => new(presence.Settle(horizon));
}
