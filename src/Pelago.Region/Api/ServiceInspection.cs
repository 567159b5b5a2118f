using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pelago.Api;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>What the Execution API passes on between a service's instance and whoever compares regions: digests of its
/// entities, its conflict ledger, and the forks that were found. For <c>pelago/region</c>, the region's own entities,
/// the region's runtime answers itself.</summary>
internal sealed class ServiceInspection(
    RegionStatus status, InstanceProbe probe, InstanceStarter starter, EntityRuntime own, ILogger log)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    /// <summary>What it passes on of whole journals.</summary>
    public JournalEndpoints Journals() => new(status, probe, starter, own);

    /// <summary>What it passes on of subjects.</summary>
    public SubjectEndpoints Subjects() => new(status, probe, starter, log);

    /// <summary>Digests of all slices that hold something.</summary>
    public Task VerifyAsync(HttpContext context)
        => PassOnAsync(context, "/v1/digests", () => ReplicaAnswers.SlicesAsync(context, own, slice: null));

    /// <summary>Digests of the entities of one slice.</summary>
    public async Task SliceAsync(HttpContext context)
    {
        if (!int.TryParse((string)context.Request.RouteValues["slice"]!, NumberStyles.None,
            CultureInfo.InvariantCulture, out var slice) || slice >= EntityKey.Slices)
        {
            await Problems.WriteAsync(context, new Failure(ErrorCodes.InvalidField,
                $"A slice is a number from 0 to {EntityKey.Slices - 1}.", "Ask for one that differs.", "slice"));
            return;
        }
        await PassOnAsync(context,
            string.Create(CultureInfo.InvariantCulture, $"/v1/digests/entities?slice={slice}"),
            () => ReplicaAnswers.EntitiesAsync(context, own, slice));
    }

    /// <summary>Hashes of all events of one entity.</summary>
    public async Task EventsAsync(HttpContext context)
    {
        string? type = context.Request.Query["type"], id = context.Request.Query["id"];
        if (string.IsNullOrEmpty(type) || EntityKey.CheckId(id ?? "") is not null)
        {
            await Problems.WriteAsync(context, new Failure(ErrorCodes.InvalidField,
                "'type' and 'id' must name an entity.", "Take them from the digests of its slice.", "type"));
            return;
        }
        await PassOnAsync(context,
            $"/v1/digests/events?type={Uri.EscapeDataString(type)}&id={Uri.EscapeDataString(id!)}",
            () => ReplicaAnswers.EventsAsync(context, own, new EntityKey(type, id!)));
    }

    /// <summary>Tells the replica of a fork. Stops: 1. the document, 2. a replica that answers, 3. it holds that
    /// event.</summary>
    public async Task QuarantineAsync(HttpContext context)
    {
        var (project, name) = NamesOf(context);
        // 1.
        var (fork, failure) = await JsonBody.ReadAsync(
            context.Request, DigestJson.Default.QuarantineRequest, context.RequestAborted);
        // 2. and 3.
        failure ??= await TellAsync(project, name, fork!, context.RequestAborted) switch
        {
            HttpStatusCode.Accepted => null,
            HttpStatusCode.NotFound => new Failure(ErrorCodes.ResourceNotFound,
                "This region does not hold that event.", "Take entity, origin and number from 'pelago verify'."),
            HttpStatusCode.BadRequest => new Failure(ErrorCodes.InvalidField,
                "Entity, origin or the clause 'where' are not what they may be.",
                "'where' has at most 512 characters on one line.", "where"),
            _ => NoInstance(project, name),
        };
        if (failure is not null)
            await Problems.WriteAsync(context, failure);
        else
            context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    /// <summary>A page of the ledger. Stops: 1. cursor and limit are numbers within their bounds, 2. an instance
    /// answers.</summary>
    public async Task ConflictsAsync(HttpContext context)
    {
        if (!TryNumber(context, "after", 0, long.MaxValue, 0, out var after)
            || !TryNumber(context, "limit", 1, MaxLimit, DefaultLimit, out var limit))
        {
            await Problems.WriteAsync(context, new Failure(ErrorCodes.InvalidField,
                $"'after' must be a cursor and 'limit' a number from 1 to {MaxLimit}.",
                "Begin without 'after', go on with the 'next' of the page before.", "after"));
            return;
        }
        await PassOnAsync(context, string.Create(
            CultureInfo.InvariantCulture, $"/v1/conflicts?after={after}&limit={limit}"),
            () => ReplicaAnswers.ConflictsAsync(context, own, after, (int)limit));
    }

    private async Task<HttpStatusCode?> TellAsync(
        string project, string name, QuarantineRequest fork, CancellationToken cancellationToken)
    {
        if (IsOwn(project, name))
            return own.IsServing ? (HttpStatusCode)await QuarantineEndpoint.QuarantineAsync(own,
                new EntityKey(fork.Type, fork.Id), fork.Origin, fork.Sequence, fork.Where, cancellationToken) : null;
        return status.ReadyInstanceOf($"{project}/{name}") is { } instance
            ? await probe.TellAsync(instance, QuarantineEndpoint.Path, starter.IngressSecretOf(instance), fork,
                DigestJson.Default.QuarantineRequest, cancellationToken)
            : null;
    }

    /// <param name="path">Where an instance answers.</param>
    /// <param name="answer">Answers for the region's own entities.</param>
    private async Task PassOnAsync(HttpContext context, string path, Func<Task> answer)
    {
        var (project, name) = NamesOf(context);
        if (IsOwn(project, name) && own.IsServing)
        {
            await answer();
            return;
        }
        if (!status.Has(project, name))
        {
            await Problems.WriteAsync(context, NoService);
            return;
        }
        if (await status.InspectAsync($"{project}/{name}", path, context.RequestAborted) is not { } document)
        {
            await Problems.WriteAsync(context, NoInstance(project, name));
            return;
        }
        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.WriteAsync(document, context.RequestAborted);
    }

    internal static Failure NoService { get; } = new(ErrorCodes.ResourceNotFound,
        "There is no such service in this region.",
        "List them with 'pelago status', or GET /apis/pelago.dev/v1/services.");

    internal static bool IsOwn(string project, string name)
        => project == InstancesToIngress.OwnProject && name == InstancesToIngress.OwnService;

    internal static (string Project, string Name) NamesOf(HttpContext context)
        => ((string)context.Request.RouteValues["project"]!, (string)context.Request.RouteValues["service"]!);

    internal static Failure NoInstance(string project, string name) => new(
        ErrorCodes.NoReadyInstance, $"No instance of '{project}/{name}' answers here.", "Wait until it is ready.");

    private static bool TryNumber(
        HttpContext context, string name, long least, long most, long otherwise, out long value)
    {
        string? text = context.Request.Query[name];
        value = otherwise;
        return text is null
            || (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
                && value >= least && value <= most);
    }
}
