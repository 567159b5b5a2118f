using System.Text.Json;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Commands and reads of entities as the kernel takes them, and its answers as callers get them. Whoever runs
/// a kernel makes them here, so that keys, tokens and remembered replies mean the same everywhere.</summary>
public static class EntityRequests
{
    /// <summary>Null when a request may be made, else what is wrong with its id or its key.</summary>
    public static Failure? Check(string id, RequestOptions request)
        => EntityKey.CheckId(id) ?? RequestChecks.CheckKey(request.IdempotencyKey);

    /// <summary>A command; null when the type has no handler for it.</summary>
    /// <param name="deadlineMilliseconds">On the monotonic clock that the kernel is given.</param>
    /// <param name="waiter">Comes back with the answer.</param>
    public static CommandRequest? Command<TReply>(
        EntityType type, string id, ICommand<TReply> command, RequestOptions request, long deadlineMilliseconds,
        object? waiter)
    {
        if (type.Handler(command.GetType()) is not { } handler)
            return null;
        var key = new EntityKey(type.Name, id);
        var keyed = request.IdempotencyKey.Length > 0;
        return new CommandRequest
        {
            Entity = key,
            Command = command,
            Handle = handler,
            EncodeReply = keyed ? ReplyCodec.Encoder(type, typeof(TReply), request.Fingerprint) : null,
            DecodeReply = keyed ? ReplyCodec.Decoder(type, typeof(TReply), request.Fingerprint) : null,
            IdempotencyKey = request.IdempotencyKey,
            TraceParent = request.TraceParent,
            Condition = request.Token.For(key),
            Acknowledgement = request.Acknowledgement,
            Forwardable = type is { Mode.Primary: null, Filter.Epoch: 0, HasRegions: false } ? null
                : Form(type, command, request.Fingerprint),
            DeadlineMilliseconds = deadlineMilliseconds,
            Waiter = waiter,
        };
    }

    private static ForwardableCommand? Form(EntityType type, object command, ReadOnlyMemory<byte> fingerprint)
        => type.FormOf(command.GetType()) is not { } form ? null : new ForwardableCommand(form.Name,
            () => JsonSerializer.SerializeToUtf8Bytes(command, form.Json), fingerprint,
            bytes => JsonSerializer.Deserialize(bytes.Span, type.ReplyJson(form.Reply)!));

    /// <summary>A read.</summary>
    /// <param name="project">Makes the answer from what the replica has.</param>
    /// <param name="deadlineMilliseconds">On the monotonic clock that the kernel is given.</param>
    /// <param name="waiter">Comes back with the answer.</param>
    public static ReadRequest Read<T>(
        EntityType type, string id, Func<EntityView, T> project, RequestOptions request, long deadlineMilliseconds,
        object? waiter)
    {
        var key = new EntityKey(type.Name, id);
        return new ReadRequest
        {
            Entity = key,
            Project = view => project(view),
            AtPrimary = request.AtPrimary,
            Condition = request.Token.For(key),
            DeadlineMilliseconds = deadlineMilliseconds,
            Waiter = waiter,
        };
    }

    /// <summary>Why a command cannot be sent to an entity of a type.</summary>
    public static Failure NoHandler(EntityType type, Type command) => RequestChecks.NoHandler(type, command);

    /// <summary>What the kernel answered, as the caller gets it.</summary>
    /// <param name="before">The token that the request came with.</param>
    public static EntityReply<T> Reply<T>(in RequestResult result, CausalityToken before)
        => result.Value is UnfitReply unfit
            ? new EntityReply<T>(default, RequestChecks.Of(unfit), before, [])
            : new EntityReply<T>(result.Value is T value ? value : default, result.Failure, before, result.Points);
}
