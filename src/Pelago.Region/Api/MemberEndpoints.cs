using Microsoft.AspNetCore.Http;
using Pelago.Api;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Region;

/// <summary>Who the members are, and the way to change them. The region's own group decides; each service that runs
/// here has a group of its own, which is asked for the same. What was interrupted in between is made whole by asking
/// again: what is so already is answered as done.</summary>
internal sealed class MemberEndpoints(
    RegionConfig config, ServiceCatalog catalog, RegionStatus status, InstanceProbe probe, InstanceStarter starter,
    EntityRuntime own)
{
    /// <summary>The members, in each group.</summary>
    public async Task GetAsync(HttpContext context)
        => await WriteAsync(context, await ViewAsync(change: null, context.RequestAborted));

    /// <summary>Changes the members. Stops: 1. the document, 2. the region's own group, 3. each service's, all at once;
    /// what one of these answers is in the view.</summary>
    public async Task ChangeAsync(HttpContext context)
    {
        // 1.
        var (asked, malformed) = await JsonBody.ReadAsync(
            context.Request, MembersJson.Default.MembersChange, context.RequestAborted);
        if (asked is null)
        {
            await Problems.WriteAsync(context, malformed!);
            return;
        }
        if (MembersEndpoint.ChangeOf(asked.Change) is not { } change)
        {
            await Problems.WriteAsync(context, new Failure(ErrorCodes.InvalidField,
                $"'{asked.Change}' is no change of the members.", "It is Add or Remove.", "change"));
            return;
        }
        // 2.
        var result = await own.ChangeMembersAsync(
            change, asked.Region, asked.Force, MembersEndpoint.ChangeLimit, context.RequestAborted);
        if (result.Failure is { } failure)
        {
            await Problems.WriteAsync(context, failure);
            return;
        }
        // 3.
        await WriteAsync(context, await ViewAsync(asked, context.RequestAborted));
    }

    private async Task<MembersView> ViewAsync(MembersChange? change, CancellationToken cancellationToken)
    {
        var services = await Task.WhenAll(catalog.Current.Services.Select(async s => new ServiceMembersView(
            s.Project, s.Service, await OfAsync(s, change, cancellationToken))));
        return new MembersView(
            config.Region, ToView(await MembersEndpoint.DescribeAsync(own, cancellationToken)), services);
    }

    private async Task<GroupMembersView?> OfAsync(
        DesiredService service, MembersChange? change, CancellationToken cancellationToken)
    {
        if (status.ReadyInstanceOf(service.Key) is not { } instance)
            return null;
        var members = await probe.MembersAsync(instance, starter.IngressSecretOf(instance), change, cancellationToken);
        // A service that began without a region never had it: it is not to be removed.
        return change?.Change == nameof(MembershipChange.Remove)
            && members?.Failure?.Code == ErrorCodes.NotAMember.Code ? members with { Failure = null } : members;
    }

    private static GroupMembersView ToView(MembersStatus status) => new(
        status.Epoch, status.Forced, status.Removed, status.UnsealedLanes,
        [.. status.Regions.Select(r => new MemberView(r.Region, r.State, r.Votes, r.Held, r.Wanted))]);

    private static Task WriteAsync(HttpContext context, MembersView view) => context.Response.WriteAsJsonAsync(
        view, MembersJson.Default.MembersView, cancellationToken: context.RequestAborted);
}
