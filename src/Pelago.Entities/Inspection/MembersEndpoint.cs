using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>The members of the group in which a service replicates: to look at for whoever reaches the management
/// listener, to change for whoever has the secret that only this region knows.</summary>
public static class MembersEndpoint
{
    /// <summary>Path on the management listener.</summary>
    public const string Path = "/v1/members";

    /// <summary>Longest time that a change is tried for; asking again goes on from there.</summary>
    public static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(15);

    /// <summary>Maps <c>GET</c> and <c>POST /v1/members</c>; both answer with <see cref="MembersStatus"/>.</summary>
    /// <param name="runtime">The runtime, or null while it starts.</param>
    /// <param name="access">Knows the secret; null while it is not known here.</param>
    public static void MapMembers(
        this IEndpointRouteBuilder endpoints, Func<EntityRuntime?> runtime, Func<ReplicationAccess?> access)
    {
        endpoints.MapGet(Path, context => runtime() is { IsServing: true } serving
            ? WriteAsync(context, serving) : InspectionEndpointExtensions.StartingAsync(context));
        endpoints.MapPost(Path, async context =>
        {
            var sent = context.Request.Headers[ReplicationAccess.SecretHeader];
            if (access()?.CameThroughIngress(sent) != true)
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
            else if (runtime() is not { IsServing: true } serving)
                await InspectionEndpointExtensions.StartingAsync(context);
            else if (await ReadAsync(context) is not { } asked || ChangeOf(asked.Change) is not { } change)
                context.Response.StatusCode = StatusCodes.Status400BadRequest;
            else
                await WriteAsync(context, await ChangeAsync(
                    serving, change, asked.Region, asked.Force, context.RequestAborted));
        });
    }

    /// <summary>The members as a runtime has taken them.</summary>
    public static ValueTask<MembersStatus> DescribeAsync(EntityRuntime runtime, CancellationToken cancellationToken)
        => runtime.InspectAsync((kernel, now) => Of(kernel.Describe(now).Membership!), cancellationToken);

    /// <summary>Changes the members of a runtime's group: 1. asks a majority, 2. looks what holds now.</summary>
    public static async Task<MembersStatus> ChangeAsync(
        EntityRuntime runtime, MembershipChange change, string region, bool force, CancellationToken cancellationToken)
    {
        // 1.
        var result = await runtime.ChangeMembersAsync(change, region, force, ChangeLimit, cancellationToken);
        // 2.
        return await DescribeAsync(runtime, cancellationToken) with
        {
            Failure = result.Failure is { } failure
                ? new TroubleStatus(failure.Error.Code, failure.Message, failure.Next) : null,
        };
    }

    /// <summary>What a word asks for: <c>Add</c> or <c>Remove</c>; null for any other.</summary>
    public static MembershipChange? ChangeOf(string word) => word switch
    {
        nameof(MembershipChange.Add) => MembershipChange.Add,
        nameof(MembershipChange.Remove) => MembershipChange.Remove,
        _ => null,
    };

    private static MembersStatus Of(MembershipDescription described) => new(
        described.Epoch, described.IsForced, described.WasRemoved, described.UnsealedLanes,
        [.. described.Regions.Select(r => new MemberStatus(r.Region, r.State, r.IsVoter, r.Held, r.Wanted))]);

    private static async Task<MembersChangeBody?> ReadAsync(HttpContext context)
    {
        try
        {
            return await context.Request.ReadFromJsonAsync(
                InspectionJson.Default.MembersChangeBody, context.RequestAborted);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task WriteAsync(HttpContext context, EntityRuntime runtime)
        => await WriteAsync(context, await DescribeAsync(runtime, context.RequestAborted));

    private static Task WriteAsync(HttpContext context, MembersStatus status) => context.Response.WriteAsJsonAsync(
        status, InspectionJson.Default.MembersStatus, cancellationToken: context.RequestAborted);
}
