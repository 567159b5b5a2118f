using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Entities;

/// <summary>Checks, counts and renewals of keys of an instance's journal on its management listener. Starting one takes
/// work, so it wants the secret that only this region knows; how far it is can be asked like everything else.</summary>
public static class JournalRunEndpoint
{
    /// <summary>Path of a kind of run: <c>check</c>, <c>stats</c>, <c>rekey</c>, <c>rekey-kek</c> or
    /// <c>compact</c>.</summary>
    public static string PathOf(string kind) => $"/v1/journal/{kind}";

    /// <summary>Maps <c>POST /v1/journal/KIND</c> (202: it runs, started now or before; a body <c>{"type":"…"}</c> asks
    /// for the compaction of one entity type: 422 when there is no such type, 409 while another compaction runs) and
    /// <c>GET /v1/journal/KIND</c> (404 when there was none).</summary>
    /// <param name="runtime">The runtime, or null while it starts.</param>
    /// <param name="access">Knows the secret; null while it is not known here.</param>
    public static void MapJournalRuns(
        this IEndpointRouteBuilder endpoints, Func<EntityRuntime?> runtime, Func<ReplicationAccess?> access)
    {
        endpoints.MapPost(PathOf("{kind}"), async context =>
        {
            var sent = context.Request.Headers[ReplicationAccess.SecretHeader];
            context.Response.StatusCode = access()?.CameThroughIngress(sent) != true ? StatusCodes.Status403Forbidden
                : runtime() is not { IsServing: true } serving ? StatusCodes.Status503ServiceUnavailable
                : KindOf((string?)context.Request.RouteValues["kind"]) is not { } kind ? StatusCodes.Status404NotFound
                : await ReadAsync(context.Request, context.RequestAborted) is not { } asked
                    ? StatusCodes.Status400BadRequest
                : Start(serving, kind, asked.Type);
        });
        endpoints.MapGet(PathOf("{kind}"), context => KindOf((string?)context.Request.RouteValues["kind"]) is not
            { } kind ? NotFoundAsync(context)
            : runtime() is { IsServing: true } serving ? WriteAsync(context, serving, kind)
            : InspectionEndpointExtensions.StartingAsync(context));
    }

    /// <summary>The kind that a word of a path names; null when it names none.</summary>
    public static JournalRunKind? KindOf(string? word) => word switch
    {
        "check" => JournalRunKind.Check,
        "stats" => JournalRunKind.Stats,
        "rekey" => JournalRunKind.Rekey,
        "rekey-kek" => JournalRunKind.RekeyKek,
        "compact" => JournalRunKind.Compact,
        _ => null,
    };

    /// <summary>Writes how far the last run of a kind is; 404 when there was none.</summary>
    public static Task WriteAsync(HttpContext context, EntityRuntime runtime, JournalRunKind kind)
        => runtime.JournalRuns.Last(kind) is { } run
            ? context.Response.WriteAsJsonAsync(
                Body(runtime.Region, run), InspectionJson.Default.JournalRunBody,
                cancellationToken: context.RequestAborted)
            : NotFoundAsync(context);

    /// <summary>Starts a run, or joins the one under way.</summary>
    /// <param name="type">Of a compaction: only entities of this type; null for all.</param>
    /// <returns>202; 422 when there is no such type, or the run is none of types; 409 while another one runs.</returns>
    public static int Start(EntityRuntime runtime, JournalRunKind kind, string? type)
    {
        if (type is not null && (kind != JournalRunKind.Compact || runtime.Types.Find(type) is null))
            return StatusCodes.Status422UnprocessableEntity;
        return runtime.JournalRuns.Start(kind, type) is null ? StatusCodes.Status409Conflict
            : StatusCodes.Status202Accepted;
    }

    // No body asks for nothing in particular.
    private static async Task<JournalRunAsked?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength is 0 || !request.HasJsonContentType())
            return new JournalRunAsked();
        try
        {
            return await request.ReadFromJsonAsync(InspectionJson.Default.JournalRunAsked, cancellationToken);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static JournalRunBody Body(string region, JournalRun run) => new(
        region, run.Kind.ToString(),
        run.EndedAt is null ? "Running" : run.Failure is null ? "Done" : "Failed", run.StartedAt, run.EndedAt, run.Rows)
    {
        Type = run.Type,
        Damage = run.Report is null ? null : [.. run.Report.Damage.Select(Trouble)],
        Stats = run.Stats is not { } s ? null : new JournalStatsBody(s.Rows, s.Bytes, s.Entities, s.Heads,
            [.. s.Keys.Select(k => new DataKeyBody(k.Number, k.Kek, k.MadeAt, k.Rows, k.Records))], s.Oldest, s.Newest,
            s.Snapshots, s.Owed, s.Conflicts, s.Replies) { SubjectKeys = s.SubjectKeys },
        Renewal = run.Renewal is not { } n ? null : new KeyRenewalBody(n.DataKey, n.Kek, n.Rewrapped),
        Compaction = run.Compaction is not { } c ? null
            : new CompactionBody(c.Removed, c.Kept, c.Entities, c.HeldBack, c.Trouble is null ? null
                : Trouble(c.Trouble)),
        Failure = run.Failure is null ? null : Trouble(run.Failure),
    };

    private static TroubleStatus Trouble(Failure failure) => new(failure.Error.Code, failure.Message, failure.Next);
}
