using System.Diagnostics;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk;

/// <summary>Entities of the runtime in this process, under the causality scope of the present request.</summary>
internal sealed class RegionEntities(RunningService service) : IEntities
{
    public EntityHandle<TState> Get<TState>(string id) where TState : class, IEntity<TState> => new(this, id);

    public ValueTask<bool> ForgetSubjectAsync(string subject, CancellationToken cancellationToken)
        => ForgetSubjectAsync(subject, Acknowledgement.Local, cancellationToken);

    public async ValueTask<bool> ForgetSubjectAsync(
        string subject, Acknowledgement level, CancellationToken cancellationToken)
    {
        var (runtime, scope) = (service.Runtime, CausalityScope.Current);
        if (scope?.Acknowledgement is { } asked)
            level = Acknowledgement.Stronger(asked, level, runtime.Members);
        var reply = await runtime.ForgetAsync(subject, Options(scope, "", level), cancellationToken);
        scope?.Add(reply.Points);
        return reply.ValueOrThrow();
    }

    public async ValueTask RequestPrimaryAsync<TState>(CancellationToken cancellationToken)
        where TState : class, IEntity<TState>
    {
        var runtime = service.Runtime;
        var result = await runtime.RequestPrimaryAsync(runtime.Types.Of<TState>(), null, cancellationToken);
        if (result.Failure is { } failure)
            throw failure.ToException();
    }

    public async ValueTask<TReply> SendAsync<TState, TReply>(
        string id, ICommand<TReply> command, Acknowledgement? level, CancellationToken cancellationToken)
        where TState : class, IEntity<TState>
    {
        var runtime = service.Runtime;
        var scope = CausalityScope.Current;
        var type = runtime.Types.Of<TState>();
        // A client may ask for more than the service's own code does, and not for less.
        if (scope?.Acknowledgement is { } asked)
            level = Acknowledgement.Stronger(asked, level ?? type.Acknowledgement, runtime.Members);
        var reply = await runtime.SendAsync(
            type, id, command, Options(scope, scope?.NextKey() ?? "", level), cancellationToken);
        scope?.Add(reply.Points);
        return reply.ValueOrThrow();
    }

    public ValueTask<TAnswer> ReadAsync<TState, TAnswer>(
        string id, Func<TState, TAnswer> project, bool atPrimary, CancellationToken cancellationToken)
        where TState : class, IEntity<TState>
        => ReadAsync<TState, TAnswer>(id, view => project((TState)view.State), atPrimary, cancellationToken);

    public ValueTask<TAnswer> QueryAsync<TState, TAnswer>(
        string id, Func<TState, QueryContext, TAnswer> project, bool atPrimary, CancellationToken cancellationToken)
        where TState : class, IEntity<TState>
        => ReadAsync<TState, TAnswer>(
            id, view => project((TState)view.State, new QueryContext(view.Sealing)), atPrimary, cancellationToken);

    private async ValueTask<TAnswer> ReadAsync<TState, TAnswer>(
        string id, Func<EntityView, TAnswer> project, bool atPrimary, CancellationToken cancellationToken)
        where TState : class, IEntity<TState>
    {
        var runtime = service.Runtime;
        var scope = CausalityScope.Current;
        var reply = await runtime.ReadAsync(
            runtime.Types.Of<TState>(), id, project,
            Options(scope, "", atPrimary: atPrimary), cancellationToken);
        scope?.Add(reply.Points);
        return reply.ValueOrThrow();
    }

    private static RequestOptions Options(
        CausalityScope? scope, string key, Acknowledgement? level = null, bool atPrimary = false)
        => scope is null && key.Length == 0 && level is null && !atPrimary ? RequestOptions.Default : new RequestOptions
        {
            Acknowledgement = level,
            AtPrimary = atPrimary,
            Token = scope?.Token ?? CausalityToken.Empty,
            IdempotencyKey = key,
            Fingerprint = key.Length > 0 ? scope?.Fingerprint ?? default : default,
            TraceParent = Activity.Current is { IdFormat: ActivityIdFormat.W3C, Recorded: true } activity
                ? activity.Id! : "",
        };
}
