using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>A request that is under way: for requests in several regions at the same moment. Its answer comes while the
/// world's time passes.</summary>
/// <typeparam name="T">The reply.</typeparam>
public sealed class PendingReply<T>
{
    private readonly WorldGroup group;
    private readonly string type;
    private readonly RequestOptions options;
    private EntityReply<T>? reply;

    internal PendingReply(WorldGroup group, string type, RequestOptions options)
        => (this.group, this.type, this.options) = (group, type, options);

    /// <summary>The answer is here.</summary>
    public bool IsDone => reply is not null;

    /// <summary>The answer; lets time pass until it is here.</summary>
    public EntityReply<T> Reply
    {
        get
        {
            if (!group.RunUntil(() => IsDone, group.PatienceMilliseconds(options)))
                throw WorldException.Of(group, "A request was not answered long after its deadline.");
            return reply!.Value;
        }
    }

    /// <summary>The reply's value; lets time pass until it is here.</summary>
    /// <exception cref="PelagoException">It was refused, or could not be done.</exception>
    /// <exception cref="WorldException">A handler or serializer threw: that is the inner exception.</exception>
    public T Value => ValueOf(Reply);

    internal Action<EntityReply<T>>? Took { get; set; }

    internal PendingReply<T> Fail(Failure failure)
    {
        Answered(new RequestResult(null, failure, []));
        return this;
    }

    internal void Answered(RequestResult result)
    {
        var answer = EntityRequests.Reply<T>(result, options.Token);
        reply = answer;
        Took?.Invoke(answer);
    }

    private T ValueOf(in EntityReply<T> answer)
    {
        if (answer.Failure is not { } failure)
            return answer.Value!;
        var thrown = group.Thrown ?? (group.Types.GetValueOrDefault(type) as RoundTrip)?.Thrown;
        var isOurs = failure.Error == ErrorCodes.CommandFailed || failure.Error == ErrorCodes.EntityParked;
        if (isOurs && thrown is not null)
            throw WorldException.Of(group, $"{failure.Message}\n{thrown.Message}", thrown);
        throw failure.ToException();
    }
}
