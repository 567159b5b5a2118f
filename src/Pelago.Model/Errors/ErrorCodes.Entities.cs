namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>An entity type's definition is incomplete or contradictory.</summary>
    public static readonly ErrorCode InvalidEntityType = Define("PLG5001", "Invalid entity type", 1, 500);

    /// <summary>A command or read names a type that is not registered.</summary>
    public static readonly ErrorCode UnknownEntityType = Define("PLG5002", "Unknown entity type", 3, 404);

    /// <summary>The entity cannot be folded: an event is unknown, damaged, or its handler throws.</summary>
    public static readonly ErrorCode EntityParked = Define("PLG5003", "Entity parked", 1, 503);

    /// <summary>The replica did not reach the token's point before the deadline.</summary>
    public static readonly ErrorCode TokenNotReached = Define("PLG5004", "Not yet replicated", 6, 503);

    /// <summary>Too much is queued for this entity or instance.</summary>
    public static readonly ErrorCode Overloaded = Define("PLG5005", "Overloaded", 1, 503);

    /// <summary>The journal did not take the write; it is not known to be durable.</summary>
    public static readonly ErrorCode JournalUnavailable = Define("PLG5006", "Journal unavailable", 1, 503);

    /// <summary>Another instance has taken the lane over.</summary>
    public static readonly ErrorCode LaneFenced = Define("PLG5007", "Lane moved", 1, 503);

    /// <summary>The command made more or larger events than an event may be.</summary>
    public static readonly ErrorCode EventTooLarge = Define("PLG5008", "Event too large", 1, 413);

    /// <summary>The command handler failed.</summary>
    public static readonly ErrorCode CommandFailed = Define("PLG5009", "Command failed", 1, 500);

    /// <summary>The idempotency key was used before and the reply of that time cannot be given again.</summary>
    public static readonly ErrorCode AlreadyDone = Define("PLG5010", "Already done", 5, 409);

    /// <summary>The instance is stopping.</summary>
    public static readonly ErrorCode Stopping = Define("PLG5011", "Stopping", 1, 503);

    /// <summary>A peer's frame breaks the protocol.</summary>
    public static readonly ErrorCode ProtocolViolation = Define("PLG5012", "Protocol violation", 1, 400);

    /// <summary>The instance failed while the request was under way; whether it was carried out is not known.</summary>
    public static readonly ErrorCode InstanceFailed = Define("PLG5013", "Instance failed", 1, 503);

    /// <summary>An entity was written in as many lives of journals as a version vector can name.</summary>
    public static readonly ErrorCode TooManyLives = Define("PLG5014", "Too many lives", 1, 503);

    /// <summary>An idempotency key was used before, for another request.</summary>
    public static readonly ErrorCode KeyReused = Define("PLG5015", "Idempotency key reused", 5, 422);

    /// <summary>Two different events of the entity claim the same origin and number.</summary>
    public static readonly ErrorCode EntityForked = Define("PLG5016", "Entity forked", 5, 409);

    /// <summary>An entity's newest event bears the last timestamp that regions take from one another.</summary>
    public static readonly ErrorCode NoLaterTimestamp = Define("PLG5017", "No later timestamp", 5, 409);

    /// <summary>A token stands for a write of a removed region that no other region has.</summary>
    public static readonly ErrorCode BeyondSeal = Define("PLG5018", "Lost with its region", 5, 410);

    /// <summary>A link between regions was to name more lives of journals, types or payloads than one link
    /// may.</summary>
    public static readonly ErrorCode TooManyNames = Define("PLG5019", "Too many names on a link", 1, 503);

    /// <summary>The write is durable where it was taken; that it is in as many regions as was asked for had not been
    /// confirmed at the deadline.</summary>
    public static readonly ErrorCode NotAcknowledged = Define("PLG5020", "Not yet in enough regions", 6, 504);

    /// <summary>A command asks to be durable in more regions than the group has.</summary>
    public static readonly ErrorCode LevelImpossible = Define("PLG5021", "More regions than there are", 5, 422);
}
