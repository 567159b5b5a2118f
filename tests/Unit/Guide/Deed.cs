using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Pelago.Replication;
using Pelago.Sdk;

namespace Pelago.Tests.Unit.Guide;

// The code of docs/guide/acknowledgement.md: a test of tests/Tidy compares it with the page.

public sealed record Deed(int Signatures) : IEntity<Deed>
{
    public static void Define(EntityDefinition<Deed> entity) => entity
        .Named("deed")
        .Merge(MergeStrategy.Ordered)
        .Acknowledge(Acknowledgement.Majority)
        .State(_ => new Deed(0), DeedJson.Default.Deed)
        .Event("signed", DeedJson.Default.Signed, (deed, _) => new Deed(deed.Signatures + 1))
        .Command<Sign, int>(DeedJson.Default.Int32, (_, _, _)
            => Effect.Persist(new Signed()).ThenReply<Deed, int>(deed => deed.Signatures));
}

public sealed record Sign : ICommand<int>;

public sealed record Signed;

[JsonSerializable(typeof(Deed))]
[JsonSerializable(typeof(Signed))]
[JsonSerializable(typeof(int))]
internal sealed partial class DeedJson : JsonSerializerContext;

internal static class DeedEndpoints
{
    public static void MapDeeds(this WebApplication app) => app.MapPost("/deeds/{id}/signatures",
        (string id, IEntities entities, CancellationToken ct)
            => entities.Get<Deed>(id).Acknowledged(Acknowledgement.Regions(2)).Send(new Sign(), ct));
}
