using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Guide;

// The code of docs/guide/modes.md: a test of tests/Tidy compares it with the page.

public sealed record Shift(string Nurse) : IEntity<Shift>
{
    public static void Define(EntityDefinition<Shift> entity) => entity
        .Named("shift")
        .Merge(MergeStrategy.Ordered)
        .Mode(EntityMode.RequestRegion("eu-west-1"))
        .Acknowledge(Acknowledgement.Majority)
        .State(_ => new Shift(""), ShiftJson.Default.Shift)
        .Event("taken", ShiftJson.Default.Taken, (_, taken) => new Shift(taken.Nurse))
        .Command<Take, string>("take", ShiftJson.Default.Take, ShiftJson.Default.String,
            (_, take, _) => Effect.Persist(new Taken(take.Nurse)).ThenReply<Shift, string>(after => after.Nurse));
}

public sealed record Take(string Nurse) : ICommand<string>;

public sealed record Taken(string Nurse);

[JsonSerializable(typeof(Shift))]
[JsonSerializable(typeof(Take))]
[JsonSerializable(typeof(Taken))]
[JsonSerializable(typeof(string))]
internal sealed partial class ShiftJson : JsonSerializerContext;
