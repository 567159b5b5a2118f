using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Client;

/// <summary>Who the members of the group are, as <c>GET</c> and <c>POST /v1/members</c> of a region's Execution API
/// show it (bearer: the administrator's token). The region's own entities and each service replicate in a group of
/// their own, and all have the same members once a change is through.</summary>
/// <param name="Region">The region that answers.</param>
/// <param name="Own">The group of the region's own entities: it decides who is a member.</param>
/// <param name="Services">The groups of the services, ordered by project and name.</param>
public sealed record MembersView(string Region, GroupMembersView Own, IReadOnlyList<ServiceMembersView> Services)
{
    /// <summary>The state of a region in its least advanced group: <c>Joining</c> before <c>Member</c>, and null where
    /// one does not know it.</summary>
    public string? StateOf(string region)
    {
        var states = Services.Where(s => s.Members is not null).Select(s => s.Members!).Append(Own)
            .Select(g => g.Regions.FirstOrDefault(r => r.Region == region)?.State).ToList();
        return states.Contains(null) ? null
            : states.Find(s => s is not "Member") ?? "Member";
    }
}

/// <summary>The members of one group, as one replica has taken them.</summary>
/// <param name="Epoch">Of the configuration; 0 in a replica that nobody has told yet who its group is.</param>
/// <param name="Forced">A person said that it holds, and no majority was asked.</param>
/// <param name="Removed">The region that answers was removed.</param>
/// <param name="UnsealedLanes">Lanes in which events of removed regions are not sealed there yet.</param>
/// <param name="Regions">Members, and regions that were removed.</param>
public sealed record GroupMembersView(
    ulong Epoch, bool Forced, bool Removed, int UnsealedLanes, IReadOnlyList<MemberView> Regions)
{
    /// <summary>Why a change that was asked for was not made, or is not known to be made; null otherwise.</summary>
    public TroubleView? Failure { get; init; }
}

/// <summary>A region of a group.</summary>
/// <param name="Region">Its name.</param>
/// <param name="State"><c>Member</c>, <c>Joining</c> or <c>Removed</c>.</param>
/// <param name="Votes">It has a vote on registers.</param>
/// <param name="Held">Events that it holds of those that count for its joining.</param>
/// <param name="Wanted">How many count.</param>
public sealed record MemberView(string Region, string State, bool Votes, ulong Held, ulong Wanted);

/// <summary>The members of a service's group.</summary>
/// <param name="Project">Its project.</param>
/// <param name="Name">Its name.</param>
/// <param name="Members">Null when no instance answers in the region that was asked.</param>
public sealed record ServiceMembersView(string Project, string Name, GroupMembersView? Members);

/// <summary>Body of <c>POST /v1/members</c>.</summary>
/// <param name="Change"><c>Add</c> or <c>Remove</c>.</param>
/// <param name="Region">The region.</param>
/// <param name="Force">To remove a region although no majority answers.</param>
public sealed record MembersChange(string Change, string Region, bool Force);

/// <summary>How members are written.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(MembersView))]
[JsonSerializable(typeof(GroupMembersView))]
[JsonSerializable(typeof(MembersChange))]
public sealed partial class MembersJson : JsonSerializerContext;
