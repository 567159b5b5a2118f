using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Subjects of personal members on an instance's management listener: how one is here, and to erase it. Both
/// want the secret that only this region knows, because that somebody is known is personal, too.</summary>
public static class SubjectEndpoint
{
    /// <summary>Path of looking at a subject.</summary>
    public const string LookPath = "/v1/subjects/look";

    /// <summary>Path of erasing one.</summary>
    public const string ErasePath = "/v1/subjects/erase";

    /// <summary>Maps <c>POST /v1/subjects/look</c> and <c>POST /v1/subjects/erase</c>. A subject's name stands in the
    /// body, and in no answer.</summary>
    /// <param name="runtime">The runtime, or null while it starts.</param>
    /// <param name="access">Knows the secret; null while it is not known here.</param>
    public static void MapSubjects(
        this IEndpointRouteBuilder endpoints, Func<EntityRuntime?> runtime, Func<ReplicationAccess?> access)
    {
        endpoints.MapPost(LookPath, context => ServeAsync(context, runtime, access, LookAsync));
        endpoints.MapPost(ErasePath, context => ServeAsync(context, runtime, access, EraseAsync));
    }

    private static async Task ServeAsync(
        HttpContext context, Func<EntityRuntime?> runtime, Func<ReplicationAccess?> access,
        Func<EntityRuntime, SubjectBody, CancellationToken, Task<SubjectStatus>> serve)
    {
        var sent = context.Request.Headers[ReplicationAccess.SecretHeader];
        if (access()?.CameThroughIngress(sent) != true)
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
        else if (runtime() is not { IsServing: true } serving)
            await InspectionEndpointExtensions.StartingAsync(context);
        else if (await ReadAsync(context) is not { } asked)
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
        else
            await context.Response.WriteAsJsonAsync(await serve(serving, asked, context.RequestAborted),
                InspectionJson.Default.SubjectStatus, cancellationToken: context.RequestAborted);
    }

    private static async Task<SubjectStatus> LookAsync(
        EntityRuntime runtime, SubjectBody asked, CancellationToken cancellationToken)
    {
        var seen = await runtime.LookAtSubjectAsync(asked.Subject, RequestOptions.Default, cancellationToken);
        return seen.Failure is { } failure ? Failed(runtime, failure) : Of(runtime, seen.Value);
    }

    // 1. a level that there is  2. known here, or asked for all the same  3. the event is durable, and the keys are
    // gone with it, in as many regions  4. what is now
    private static async Task<SubjectStatus> EraseAsync(
        EntityRuntime runtime, SubjectBody asked, CancellationToken cancellationToken)
    {
        // 1.
        var level = Acknowledgement.Local;
        if (asked.Acknowledge is { } text && !Acknowledgement.TryParse(text, out level))
            return Failed(runtime, NoLevel);
        // 2.
        var before = await LookAsync(runtime, asked, cancellationToken);
        if (before.Failure is not null || (before.State == Forgotten && level == Acknowledgement.Local))
            return before;
        if (before.State == Unknown && !asked.Force)
            return Failed(runtime, NotKnown(runtime.Region));
        // 3. To its end, whoever waits for it: an erasure that nobody waited for is logged like any other.
        var done = await runtime.ForgetAsync(
            asked.Subject, new RequestOptions { Acknowledgement = level }, CancellationToken.None);
        if (before.State != Forgotten && (done.Failure is null || done.Failure.Error == ErrorCodes.NotAcknowledged))
            Log.SubjectErased(runtime.Logger, runtime.Region);
        // 4.
        return done.Failure is { } failure ? Failed(runtime, failure)
            : await LookAsync(runtime, asked, cancellationToken);
    }

    private const string Unknown = "Unknown";
    private const string Forgotten = "Forgotten";

    private static SubjectStatus Of(EntityRuntime runtime, SubjectStanding standing) => new(
        runtime.Region, standing.IsForgotten ? Forgotten : standing.Keys > 0 ? "Known" : Unknown, standing.Keys);

    private static SubjectStatus Failed(EntityRuntime runtime, Failure failure) => new(runtime.Region, Unknown, 0)
    {
        Failure = new TroubleStatus(failure.Error.Code, failure.Message, failure.Next),
    };

    private static Failure NotKnown(string region) => new(ErrorCodes.SubjectUnknown,
        $"Region '{region}' knows no such subject; nothing was changed.",
        "Compare the name with what the service seals under. If something of it may still be on its way, force it.",
        "subject");

    private static Failure NoLevel => new(ErrorCodes.InvalidField,
        "'acknowledge' is none of local, majority, or a number of regions; nothing was changed.",
        "Send, for example, majority.", "acknowledge");

    private static async Task<SubjectBody?> ReadAsync(HttpContext context)
    {
        try
        {
            return await context.Request.ReadFromJsonAsync(
                InspectionJson.Default.SubjectBody, context.RequestAborted);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
