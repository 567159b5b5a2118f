using System.Globalization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Refusals that need no kernel.</summary>
internal static class RequestChecks
{
    public static readonly Failure Stopping = new(
        ErrorCodes.Stopping, "This instance is stopping.", "Try again: another instance or the next one answers.");

    public static readonly Failure InstanceFailed = new(
        ErrorCodes.InstanceFailed,
        "This instance failed before the request was answered; it may have been carried out.",
        "Try again with the same idempotency key: another instance or the next one answers.");

    public static Failure Of(UnfitReply reply) => reply == UnfitReply.OfAnotherRequest
        ? new Failure(ErrorCodes.KeyReused,
            "The idempotency key was used before, for another request; nothing was changed.",
            "Send a new key with each new request, and the same one only to repeat a request as it was.",
            "Idempotency-Key")
        : new Failure(ErrorCodes.AlreadyDone,
            "The command with this idempotency key was done already; its reply was not kept.",
            "Read the entity for its result. A reply is kept when its JSON is registered with Command(…) in Define and "
            + "its handler seals and opens nothing personal.");

    public static Failure Overloaded(int bound) => new(ErrorCodes.Overloaded,
        string.Create(CultureInfo.InvariantCulture, $"More than {bound} requests are under way in this instance."),
        "Try again with a growing pause.");

    public static Failure Elsewhere(string owner) => new(ErrorCodes.LaneFenced,
        $"The entity belongs to instance '{owner}'.", "Try again.");

    public static Failure NoHandler(EntityType type, Type command) => new(ErrorCodes.InvalidEntityType,
        $"Entity type '{type.Name}' has no handler for command {command.Name}.", "Add it with Command(…) in Define.");

    /// <summary>A key is up to 256 printable ASCII characters; null when it is good, or empty (none).</summary>
    public static Failure? CheckKey(string key)
    {
        if (key.Length > EventLimits.MaxIdempotencyKeyLength)
            return Bad($"is longer than {EventLimits.MaxIdempotencyKeyLength} characters");
        foreach (var c in key)
        {
            if (c is < '!' or > '~')
                return Bad("holds a character that is not printable ASCII");
        }
        return null;
    }

    public static RequestResult Failed(Failure failure) => new(null, failure, []);

    private static Failure Bad(string rule) => new(ErrorCodes.InvalidIdempotencyKey,
        $"The idempotency key {rule}.", "Send, for example, a UUID.", "Idempotency-Key");
}
