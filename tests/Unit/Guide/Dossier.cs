using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Guide;

// The code of docs/guide/filters.md: a test of tests/Tidy compares it with the page.

public sealed record Dossier(int Notes) : IEntity<Dossier>
{
    public static void Define(EntityDefinition<Dossier> entity) => entity
        .Named("dossier")
        .Merge(MergeStrategy.Ordered)
        .RegionsPerEntity()
        .State(_ => new Dossier(0), DossierJson.Default.Dossier)
        .Event("entered", DossierJson.Default.Entered, (dossier, _) => new Dossier(dossier.Notes + 1))
        .Command<OpenDossier, int>("open", DossierJson.Default.OpenDossier, DossierJson.Default.Int32,
            (_, open, _) => Effect.Persist(new Entered(open.Text)).KeptIn("eu-west-1", "eu-north-1")
                .ThenReply<Dossier, int>(after => after.Notes))
        .Command<ShareDossier, int>("share", DossierJson.Default.ShareDossier, DossierJson.Default.Int32,
            (_, share, _) => Effect.Persist().KeptEverywhere().ThenReply<Dossier, int>(after => after.Notes));
}

public sealed record OpenDossier(string Text) : ICommand<int>;

public sealed record ShareDossier(string Why) : ICommand<int>;

public sealed record Entered(string Text);

[JsonSerializable(typeof(Dossier))]
[JsonSerializable(typeof(OpenDossier))]
[JsonSerializable(typeof(ShareDossier))]
[JsonSerializable(typeof(Entered))]
[JsonSerializable(typeof(int))]
internal sealed partial class DossierJson : JsonSerializerContext;
