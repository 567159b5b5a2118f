using Pelago.Model;

namespace Pelago.Client;

/// <summary>What is wrong, as every error of Pelago says it.</summary>
/// <param name="Code">Code, <c>PLG</c> and four digits.</param>
/// <param name="Message">One sentence.</param>
/// <param name="Next">What to do about it; may be empty.</param>
public sealed record TroubleView(string Code, string Message, string Next)
{
    /// <summary>The same as a failure that was met here.</summary>
    public static TroubleView Of(Failure failure) => new(failure.Error.Code, failure.Message, failure.Next);

    /// <inheritdoc />
    public override string ToString() => Next.Length == 0 ? $"{Code}: {Message}" : $"{Code}: {Message} {Next}";
}

/// <summary>Entities that are kept but not served.</summary>
/// <param name="Count">How many there are in memory: an entity is parked when it is first needed.</param>
/// <param name="First">The first of them by name; at most five an instance.</param>
public sealed record ParkedView(long Count, IReadOnlyList<ParkedEntity> First)
{
    /// <summary>None.</summary>
    public static ParkedView None { get; } = new(0, []);
}

/// <summary>One of them.</summary>
/// <param name="Type">Type of the entity.</param>
/// <param name="Id">Id of the entity.</param>
/// <param name="Code">Code of the error that requests for it get.</param>
/// <param name="Reason">Why, one sentence.</param>
/// <param name="Next">What to do about it.</param>
public sealed record ParkedEntity(string Type, string Id, string Code, string Reason, string Next);

/// <summary>When a program that ends soon after each start is started again.</summary>
/// <param name="Ends">How often in a row it ended so.</param>
/// <param name="NextStart">The next start is not before this; the wait doubles with every end, up to 30 s.</param>
public sealed record RestartView(int Ends, DateTimeOffset NextStart);

/// <summary>Alarms of one kind: something happened that a person should know of. Forgotten with the process that met
/// it.</summary>
/// <param name="Kind"><c>EventsLost</c>, <c>OwnEventBeyondSeen</c>, <c>Superseded</c>, <c>Fork</c>, <c>RowsDamaged</c>,
/// <c>ClockOff</c> or another; later versions may know more.</param>
/// <param name="Count">How many there were.</param>
/// <param name="LastAt">When the last one was.</param>
/// <param name="Texts">The last different texts, newest first; at most five.</param>
/// <param name="Next">What to do about it; empty where nothing has to be done, as when a new incarnation began.</param>
public sealed record AlarmView(
    string Kind, long Count, DateTimeOffset LastAt, IReadOnlyList<string> Texts, string Next);
