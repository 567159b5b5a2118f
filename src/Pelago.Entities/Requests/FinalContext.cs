using System.Globalization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>One run of an effect.</summary>
internal sealed class FinalContext(EntityRuntime runtime, FinalEvent final, string key, IServiceProvider services)
    : IFinalContext
{
    private int commands;

    public string EntityId => final.Event.Entity.Id;

    public FinalVerdict Verdict => final.Verdict;

    public string Reason => final.Reason;

    public EventRecord Event => final.Event;

    public string Key => key;

    public IServiceProvider Services => services;

    public async ValueTask SendAsync<TState, TReply>(
        string id, ICommand<TReply> command, CancellationToken cancellationToken) where TState : class, IEntity<TState>
    {
        var number = Interlocked.Increment(ref commands);
        var reply = await runtime.SendAsync(runtime.Types.Of<TState>(), id, command, new RequestOptions
        {
            IdempotencyKey = number == 1 ? key : string.Create(CultureInfo.InvariantCulture, $"{key}#{number}"),
            TraceParent = final.Event.TraceParent,
        }, cancellationToken);
        // Done by an earlier run whose reply is not kept: that is all that was asked for.
        if (reply.Failure is { } failure && failure.Error != ErrorCodes.AlreadyDone)
            throw failure.ToException();
    }
}
