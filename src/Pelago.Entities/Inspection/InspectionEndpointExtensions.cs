using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>What an instance tells about itself on its management listener, which only its region can reach.</summary>
public static class InspectionEndpointExtensions
{
    private const int DefaultConflicts = 100;
    private const int MaxConflicts = 10_000;

    /// <summary>Maps <c>/alive</c> (the process runs), <c>/ready</c> (it takes requests) and the inspection of its
    /// replica.</summary>
    /// <param name="runtime">The runtime, or null while it starts.</param>
    public static void MapInspection(this IEndpointRouteBuilder endpoints, Func<EntityRuntime?> runtime)
    {
        endpoints.MapGet("/alive", context => WriteAsync(
            context, new HealthBody(runtime() is { Ended.IsFaulted: true } ? "Failed" : "Alive"),
                InspectionJson.Default.HealthBody,
            runtime() is { Ended.IsFaulted: true } ? StatusCodes.Status503ServiceUnavailable
                : StatusCodes.Status200OK));
        endpoints.MapGet("/ready", context => WriteAsync(
            context, new HealthBody(runtime() is { IsServing: true } serving
                ? serving.HasJoined ? "Ready" : "Joining" : "Starting"),
                InspectionJson.Default.HealthBody,
            runtime() is { IsServing: true, HasJoined: true } ? StatusCodes.Status200OK
                : StatusCodes.Status503ServiceUnavailable));
        endpoints.MapGet("/v1/replication", context => ServeAsync(context, runtime, ReplicationAsync));
        endpoints.MapGet("/v1/digests", context => ServeAsync(context, runtime, SlicesAsync));
        endpoints.MapGet("/v1/digests/entities", context => ServeAsync(context, runtime, EntitiesAsync));
        endpoints.MapGet("/v1/digests/events", context => ServeAsync(context, runtime, EventsAsync));
        endpoints.MapGet("/v1/conflicts", context => ServeAsync(context, runtime, ConflictsAsync));
        endpoints.MapGet("/v1/about", context => WriteAsync(context, new AboutBody(
            typeof(InspectionEndpointExtensions).Assembly.GetName().Version?.ToString(fieldCount: 3) ?? "0.0.0"),
            InspectionJson.Default.AboutBody));
        endpoints.MapGet("/v1/journal", context => ServeAsync(context, runtime, JournalAsync));
    }

    private static async Task ServeAsync(
        HttpContext context, Func<EntityRuntime?> runtime, Func<HttpContext, EntityRuntime, Task> serve)
    {
        if (runtime() is { IsServing: true } serving)
            await serve(context, serving);
        else
            await StartingAsync(context);
    }

    /// <summary>The answer of an instance that does not serve yet.</summary>
    internal static Task StartingAsync(HttpContext context) => WriteAsync(
        context, new HealthBody("Starting"), InspectionJson.Default.HealthBody,
        StatusCodes.Status503ServiceUnavailable);

    private static async Task ReplicationAsync(HttpContext context, EntityRuntime runtime)
    {
        var status = await runtime.DescribeAsync(context.RequestAborted);
        await WriteAsync(context, status, InspectionJson.Default.ReplicationStatus);
    }

    private static async Task SlicesAsync(HttpContext context, EntityRuntime runtime)
    {
        var slice = (int?)Number(context, "slice", EntityKey.Slices - 1);
        if (slice is < 0)
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
        else
            await ReplicaAnswers.SlicesAsync(context, runtime, slice);
    }

    private static async Task EntitiesAsync(HttpContext context, EntityRuntime runtime)
    {
        if ((int?)Number(context, "slice", EntityKey.Slices - 1) is { } slice and >= 0)
            await ReplicaAnswers.EntitiesAsync(context, runtime, slice);
        else
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
    }

    private static async Task EventsAsync(HttpContext context, EntityRuntime runtime)
    {
        string? type = context.Request.Query["type"], id = context.Request.Query["id"];
        if (string.IsNullOrEmpty(type) || id is null || EntityKey.CheckId(id) is not null)
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
        else
            await ReplicaAnswers.EventsAsync(context, runtime, new EntityKey(type, id));
    }

    private static async Task ConflictsAsync(HttpContext context, EntityRuntime runtime)
    {
        var limit = Number(context, "limit", MaxConflicts) ?? DefaultConflicts;
        var after = Number(context, "after", long.MaxValue) ?? 0;
        if (limit < 1 || after < 0)
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
        else
            await ReplicaAnswers.ConflictsAsync(context, runtime, after, (int)limit);
    }

    private static Task JournalAsync(HttpContext context, EntityRuntime runtime)
    {
        var identity = runtime.Journal.Identity;
        return WriteAsync(context, new JournalBody(runtime.Region, identity.JournalId, identity.Incarnation?.ToString(),
            identity.Continuity.ToString(), identity.Reason), InspectionJson.Default.JournalBody);
    }

    // Null when it is not given, -1 when it is no number within its bounds.
    private static long? Number(HttpContext context, string name, long most)
    {
        string? text = context.Request.Query[name];
        if (text is null)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= most
            ? value : -1;
    }

    private static Task WriteAsync<T>(
        HttpContext context, T body, JsonTypeInfo<T> json, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(body, json, cancellationToken: context.RequestAborted);
    }
}
