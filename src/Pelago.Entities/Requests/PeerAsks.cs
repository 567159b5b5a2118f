using System.Text.Json;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>What another region asks of this one because this one is the primary of an entity: the request that the
/// kernel takes, and its result as the answer that is sent.</summary>
public static class PeerAsks
{
    /// <summary>Largest state that is sent to another region, in bytes: a frame carries it beside what else is
    /// said.</summary>
    public const int MaxStateBytes = 4 * 1024 * 1024;

    /// <summary>The request; or, where none can be made of what was asked, the answer that says why.</summary>
    /// <param name="type">Of the entity; null when this service has none of that name.</param>
    /// <param name="nowMilliseconds">On the monotonic clock that the kernel is given.</param>
    /// <param name="waiter">Comes back with the result.</param>
    public static (EntityRequest? Request, AnswerFrame? Refused) Open(
        EntityType? type, AskFrame ask, long nowMilliseconds, object? waiter)
    {
        var deadline = nowMilliseconds + ask.PatienceMilliseconds;
        if (type is null)
            return (null, Refusal(ask, Unknown(ask.Entity.Type)));
        if (ask.Command.Length == 0)
        {
            return (new ReadRequest
            {
                Entity = ask.Entity, Condition = ask.Condition, DeadlineMilliseconds = deadline, Waiter = waiter,
                CameFromPeer = true, AtPrimary = true,
                Project = view => new PrimaryState(type.EncodeState(view.State), view.Count, view.Highest),
            }, null);
        }
        if (type.FormNamed(ask.Command) is not { } form || type.Handler(form.Command) is not { } handler)
            return (null, Refusal(ask, Unknown(type, ask.Command)));
        object? command;
        try
        {
            command = JsonSerializer.Deserialize(ask.Payload.Span, form.Json);
        }
        catch (Exception error) // a user's serializer: it concerns this command alone
        {
            return (null, Refusal(ask, Unreadable(type, ask.Command, error.GetType().Name)));
        }
        if (command is null)
            return (null, Refusal(ask, Unreadable(type, ask.Command, "JSON null")));
        var keyed = ask.IdempotencyKey.Length > 0;
        return (new CommandRequest
        {
            Entity = ask.Entity, Command = command, Handle = handler, CameFromPeer = true,
            EncodeReply = keyed ? ReplyCodec.Encoder(type, form.Reply, ask.Fingerprint) : null,
            DecodeReply = keyed ? ReplyCodec.Decoder(type, form.Reply, ask.Fingerprint) : null,
            IdempotencyKey = ask.IdempotencyKey, TraceParent = ask.TraceParent, Condition = ask.Condition,
            Acknowledgement = ask.Acknowledgement, DeadlineMilliseconds = deadline, Waiter = waiter,
        }, null);
    }

    /// <summary>What became of it.</summary>
    public static AnswerFrame Answer(EntityType type, AskFrame ask, in RequestResult result)
    {
        var failure = result.Failure ?? (result.Value is UnfitReply unfit ? RequestChecks.Of(unfit) : null);
        var points = result.Points.Select(p => (p.Origin, p.Sequence, p.Position)).ToArray();
        if (failure is not null)
            return Refusal(ask, failure) with { Points = points };
        if (result.Value is PrimaryState state)
        {
            return state.Bytes.Length > MaxStateBytes ? Refusal(ask, TooLarge(ask.Entity))
                : new AnswerFrame(ask.Request, state.Bytes, null)
                {
                    StateVersion = type.StateVersion, Count = state.Count, Highest = state.Highest, Points = points,
                };
        }
        try
        {
            var form = type.FormNamed(ask.Command)!;
            var bytes = JsonSerializer.SerializeToUtf8Bytes(result.Value, type.ReplyJson(form.Reply)!);
            return (bytes.Length > MaxStateBytes ? Refusal(ask, TooLarge(ask.Entity))
                : new AnswerFrame(ask.Request, bytes, null)) with { Points = points };
        }
        catch (Exception error) // a user's serializer; the command itself is done
        {
            return Refusal(ask, new Failure(ErrorCodes.CommandFailed,
                $"The reply of '{type.Name}' could not be written: {error.GetType().Name}; the command itself is done.",
                "See the service's log in the primary region.")) with { Points = points };
        }
    }

    /// <summary>An answer that says that nothing was done.</summary>
    public static AnswerFrame Refusal(AskFrame ask, Failure failure) => new(ask.Request, default, failure);

    private static Failure Unknown(string type) => new(ErrorCodes.UnknownEntityType,
        $"Entity type '{type}' is not registered in its primary region.", "Deploy the same version in every region.");

    private static Failure Unknown(EntityType type, string command) => new(ErrorCodes.InvalidEntityType,
        $"Entity type '{type.Name}' has no command '{command}' in its primary region.",
        "Deploy the same version in every region, the primary first.");

    private static Failure Unreadable(EntityType type, string command, string why) => new(ErrorCodes.CommandFailed,
        $"Command '{command}' of entity type '{type.Name}' could not be read in its primary region: {why}.",
        "Deploy the same version in every region, the primary first.");

    private static Failure TooLarge(EntityKey entity) => new(ErrorCodes.EventTooLarge,
        $"The answer about {entity} is larger than what is sent to another region.",
        $"Ask in its primary region, or for less than {MaxStateBytes} bytes.");

    private sealed record PrimaryState(byte[] Bytes, ulong Count, HybridTimestamp Highest);
}
