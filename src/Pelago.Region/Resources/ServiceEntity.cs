using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Region;

/// <summary>A <c>Service</c> resource as a replicated entity, id <c>project/name</c>.</summary>
/// <remarks>
/// Its events carry the fields that their author changed, and nothing else; the type is <c>Ordered</c>. So the fold is
/// "last writer wins, field by field": two regions that change different fields at the same time both get their way,
/// and for one field every region ends with the same value. <c>Ordered</c> rather than one register a field, because
/// generation and deletion depend on the order of whole changes: a change that comes after a deletion in the total
/// order is refused by the fold and stays visible in the conflict ledger, and nothing deleted comes back by a late
/// edit.
/// </remarks>
/// <param name="Uid">Names this life of the resource; null when there is none.</param>
/// <param name="CreatedMilliseconds">When it was created, milliseconds since 1970.</param>
/// <param name="Generation">Counts changes of the specification, over every life.</param>
/// <param name="Artifact">Digest of the program.</param>
/// <param name="Instances">Instances in each region.</param>
/// <param name="Replicated">Whether its entities replicate.</param>
/// <param name="Public">Whether it has a public name.</param>
/// <param name="Environment">Environment of its instances.</param>
/// <param name="Labels">Labels.</param>
/// <param name="Annotations">Annotations.</param>
internal sealed record ServiceEntity(
    string? Uid,
    long CreatedMilliseconds,
    long Generation,
    string Artifact,
    int Instances,
    bool Replicated,
    bool Public,
    ImmutableSortedDictionary<string, string> Environment,
    ImmutableSortedDictionary<string, string> Labels,
    ImmutableSortedDictionary<string, string> Annotations) : IEntity<ServiceEntity>
{
    public const string TypeName = "service-resource";

    private static readonly ImmutableSortedDictionary<string, string> Nothing
        = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    private static readonly ServiceEntity Absent = new(null, 0, 0, "", 1, true, true, Nothing, Nothing, Nothing);

    /// <summary>The regions of the group when it was created; null where these are the group's first.</summary>
    public IReadOnlyList<string>? Founders { get; init; }

    /// <summary>Epoch of the group in which that was so; null with the first.</summary>
    public ulong? FoundedIn { get; init; }

    /// <summary>The id of a service's entity.</summary>
    public static string IdOf(string project, string name) => $"{project}/{name}";

    /// <summary>What the service should be.</summary>
    public ServiceSpec ToSpec() => new(Artifact)
    {
        Instances = Instances,
        Replicated = Replicated,
        Public = Public,
        Environment = Environment,
    };

    public static void Define(EntityDefinition<ServiceEntity> entity) => entity
        .Named(TypeName)
        .Merge(MergeStrategy.Ordered)
        .State(_ => Absent, ServiceEntityJson.Default.ServiceEntity)
        .Event("service-declared", 1, ServiceEntityJson.Default.ServiceDeclared, Declare)
        .Event("service-changed", 1, ServiceEntityJson.Default.ServiceChanged, Change)
        .Event("service-deleted", 1, ServiceEntityJson.Default.ServiceDeleted, Delete)
        .Command<PutService, ServiceEntity>(ServiceEntityJson.Default.ServiceEntity, Put)
        .Command<RemoveService, ServiceEntity>(ServiceEntityJson.Default.ServiceEntity, Remove);

    private static Effect<ServiceEntity,
        ServiceEntity> Put(ServiceEntity state, PutService command, CommandContext context)
    {
        if (Precondition(state, command.ExpectedVersion, context) is { } changed)
            return changed;
        if (state.Uid is null)
        {
            return Effect.Persist(new ServiceDeclared(command.NewUid, command.Fields)
            {
                Founders = command.Founders, FoundedIn = command.FoundedIn,
            }).ThenReply<ServiceEntity, ServiceEntity>(s => s);
        }
        if (command.MustBeNew)
            return Effect.Reject(ErrorCodes.ResourceExists, $"The service '{context.EntityId}' exists already.",
                "Replace it with PUT.", "metadata.name");
        var difference = command.Fields.DifferenceTo(state);
        return difference.IsEmpty
            ? Effect.Reply<ServiceEntity, ServiceEntity>(state)
            : Effect.Persist(new ServiceChanged(difference)).ThenReply<ServiceEntity, ServiceEntity>(s => s);
    }

    private static Effect<ServiceEntity, ServiceEntity> Remove(
        ServiceEntity state, RemoveService command, CommandContext context)
    {
        if (state.Uid is null)
            return Effect.Reject(ErrorCodes.ResourceNotFound, $"There is no service '{context.EntityId}'.");
        if (Precondition(state, command.ExpectedVersion, context) is { } changed)
            return changed;
        return Effect.Persist(new ServiceDeleted(state.Uid)).ThenReply<ServiceEntity, ServiceEntity>(_ => state);
    }

    private static Rejection? Precondition(ServiceEntity state, string? expected, CommandContext context)
    {
        if (expected is null)
            return null;
        if (state.Uid is null)
            return Effect.Reject(ErrorCodes.ResourceNotFound, $"There is no service '{context.EntityId}' to replace.",
                "Leave out 'metadata.resourceVersion' to create it.", "metadata.resourceVersion");
        return expected == ServiceVersions.Text(context.Version)
            ? null
            : Effect.Reject(ErrorCodes.ResourceChanged,
                $"The service '{context.EntityId}' has changed since it was read.",
                "Read it again, make the change again.", "metadata.resourceVersion");
    }

    private static Folded Declare(ServiceEntity state, ServiceDeclared e, EventContext context)
    {
        // Declared in two regions at once: it is one service; the first keeps its identity, the later one its fields.
        var first = state.Uid is null
            ? Absent with
            {
                Uid = e.Uid,
                CreatedMilliseconds = context.Timestamp.Milliseconds,
                Generation = state.Generation,
                Founders = e.Founders,
                FoundedIn = e.FoundedIn,
            }
            : state;
        return Folded.To(e.Fields.ApplyTo(first) with { Generation = first.Generation + 1 });
    }

    private static Folded Change(ServiceEntity state, ServiceChanged e, EventContext context)
        => state.Uid is null
            ? Folded.Refuse("the service was deleted before")
            : Folded.To(e.Fields.ApplyTo(state) with { Generation = state.Generation
                + (e.Fields.TouchesSpec ? 1 : 0) });

    private static Folded Delete(ServiceEntity state, ServiceDeleted e, EventContext context)
        => state.Uid != e.Uid
            ? Folded.Refuse("another life of the service was meant")
            : Folded.To(Absent with { Generation = state.Generation });
}

/// <summary>Fields of a service; null where a change leaves the field as it is.</summary>
internal sealed record ServiceFields(
    string? Artifact,
    int? Instances,
    bool? Replicated,
    bool? Public,
    ImmutableSortedDictionary<string, string>? Environment,
    ImmutableSortedDictionary<string, string>? Labels,
    ImmutableSortedDictionary<string, string>? Annotations)
{
    [JsonIgnore]
    public bool TouchesSpec
        => Artifact is not null || Instances is not null || Replicated is not null || Public is not null
            || Environment is not null;

    [JsonIgnore]
    public bool IsEmpty => !TouchesSpec && Labels is null && Annotations is null;

    /// <summary>Every field of a resource.</summary>
    public static ServiceFields Of(ServiceResource resource) => new(
        resource.Spec.Artifact, resource.Spec.Instances, resource.Spec.Replicated, resource.Spec.Public,
        Sorted(resource.Spec.Environment), Sorted(resource.Metadata.Labels), Sorted(resource.Metadata.Annotations));

    /// <summary>Those fields that differ from a state.</summary>
    public ServiceFields DifferenceTo(ServiceEntity state) => new(
        Artifact == state.Artifact ? null : Artifact,
        Instances == state.Instances ? null : Instances,
        Replicated == state.Replicated ? null : Replicated,
        Public == state.Public ? null : Public,
        Same(Environment, state.Environment) ? null : Environment,
        Same(Labels, state.Labels) ? null : Labels,
        Same(Annotations, state.Annotations) ? null : Annotations);

    public ServiceEntity ApplyTo(ServiceEntity state) => state with
    {
        Artifact = Artifact ?? state.Artifact,
        Instances = Instances ?? state.Instances,
        Replicated = Replicated ?? state.Replicated,
        Public = Public ?? state.Public,
        Environment = Environment ?? state.Environment,
        Labels = Labels ?? state.Labels,
        Annotations = Annotations ?? state.Annotations,
    };

    private static ImmutableSortedDictionary<string, string> Sorted(IReadOnlyDictionary<string, string>? map)
        => ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, map ?? ImmutableSortedDictionary<string,
            string>.Empty);

    private static bool Same(ImmutableSortedDictionary<string, string>? a, ImmutableSortedDictionary<string, string> b)
        => a is not null && a.SequenceEqual(b);
}

/// <summary>Creates or replaces a service.</summary>
/// <param name="Fields">Every field.</param>
/// <param name="NewUid">Its uid, if it is created by this.</param>
/// <param name="MustBeNew">Refuse when it exists.</param>
/// <param name="ExpectedVersion">Refuse when its resource version is another one; null for any.</param>
internal sealed record PutService(ServiceFields Fields, string NewUid, bool MustBeNew, string? ExpectedVersion)
    : ICommand<ServiceEntity>
{
    /// <summary>The group's regions, if it is created by this and they have changed since the group began.</summary>
    public IReadOnlyList<string>? Founders { get; init; }

    /// <summary>Epoch in which they are so.</summary>
    public ulong? FoundedIn { get; init; }
}

/// <summary>Deletes a service.</summary>
internal sealed record RemoveService(string? ExpectedVersion) : ICommand<ServiceEntity>;

/// <summary>A service came to be.</summary>
internal sealed record ServiceDeclared(string Uid, ServiceFields Fields)
{
    /// <summary>The group's regions then, all of which begin its journals together; null for the group's
    /// first.</summary>
    public IReadOnlyList<string>? Founders { get; init; }

    /// <summary>Epoch of the group then.</summary>
    public ulong? FoundedIn { get; init; }
}

/// <summary>Some of its fields changed.</summary>
internal sealed record ServiceChanged(ServiceFields Fields);

/// <summary>It was deleted.</summary>
internal sealed record ServiceDeleted(string Uid);

/// <summary>How the entity, its events and replies are stored.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServiceEntity))]
[JsonSerializable(typeof(ServiceDeclared))]
[JsonSerializable(typeof(ServiceChanged))]
[JsonSerializable(typeof(ServiceDeleted))]
internal sealed partial class ServiceEntityJson : JsonSerializerContext;
