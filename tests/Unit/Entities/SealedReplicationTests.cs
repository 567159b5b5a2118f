using System.Security.Cryptography;
using Pelago.Entities;
using Pelago.Replication;
using Pelago.Tests.Unit.Guide;

namespace Pelago.Tests.Unit.Entities;

/// <summary>Personal members in the runtime: on real journals and links.</summary>
public sealed class SealedReplicationTests
{
    private static readonly EntityTypes Types = new([EntityType.Of<Guest>()]);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Members_SealedInOneRegion_AreReadInAnotherForgottenInBothAndUnreadableAfterARestart()
    {
        var network = new TestNetwork(["eu", "us"]);
        await using var eu = await StartAsync("eu", network);
        await using var us = await StartAsync("us", network);
        for (var i = 0; i < 20; i++)
            (await MoveAsync(eu, $"c{i}", $"town {i}")).Failure.ShouldBeNull();
        await Eventually.BeTrue(async () => await TownAsync(us, "c19") == "town 19", "the last one is read in us");
        for (var i = 0; i < 20; i++)
        {
            var (id, town) = ($"c{i}", $"town {i}");
            await Eventually.BeTrue(async () => await TownAsync(us, id) == town, $"{id} is read in us");
        }

        (await us.Runtime.ForgetAsync("c7", RequestOptions.Default, Cancelled)).ValueOrThrow().ShouldBeTrue();
        (await TownAsync(us, "c7")).ShouldBe(nameof(Unreadable.Forgotten));
        await Eventually.BeTrue(async () => await TownAsync(eu, "c7") == nameof(Unreadable.Forgotten), "eu forgets");
        await eu.Runtime.DisposeAsync();
        await eu.StartAgainAsync();

        (await TownAsync(eu, "c7")).ShouldBe(nameof(Unreadable.Forgotten));
        (await TownAsync(eu, "c8")).ShouldBe("town 8");
        (await eu.Journal.LoadAsync(SubjectType.KeyOf("c7"), Cancelled)).SubjectKeys.ShouldBeEmpty();
        (await eu.Journal.CountAsync(null, Cancelled)).SubjectKeys.ShouldBe(19);
        (await eu.Journal.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
        var digests = await Task.WhenAll(new[] { eu, us }.Select(
            r => new DigestScan(r.Runtime).SlicesAsync(null, Cancelled)));
        digests[0].ShouldBe(digests[1]);
    }

    [Fact]
    public async Task Members_OfMoreSubjectsThanMemoryHolds_AreSealedAndRead()
    {
        await using var region = await TestRegion.StartAsync("eu", ["eu"], new NoPeers(), types: Types);
        region.Adjust = WithSecrets;
        region.EntityMemoryBytes = 64 * 1024;
        await region.Runtime.DisposeAsync();
        await region.StartAgainAsync();
        for (var i = 0; i < 300; i++)
            (await MoveAsync(region, $"c{i}", $"town {i}")).Failure.ShouldBeNull();
        for (var i = 0; i < 300; i++)
            (await TownAsync(region, $"c{i}")).ShouldBe($"town {i}");
    }

    [Fact]
    public async Task Members_HostHasNoSourceOfSecrets_CannotBeSealed()
    {
        await using var region = await TestRegion.StartAsync("eu", ["eu"], new NoPeers(), types: Types);
        (await MoveAsync(region, "c", "Lyon")).Failure!.Error.ShouldBe(Model.ErrorCodes.CommandFailed);
    }

    private static async Task<TestRegion> StartAsync(string name, TestNetwork network)
    {
        var region = await TestRegion.StartAsync(name, network, types: Types);
        region.Adjust = WithSecrets;
        await region.Runtime.DisposeAsync();
        await region.StartAgainAsync();
        return region;
    }

    private static RuntimeOptions WithSecrets(RuntimeOptions options) => options with
    {
        Kernel = options.Kernel with { Secrets = static bytes => RandomNumberGenerator.Fill(bytes) },
    };

    private static ValueTask<EntityReply<string>> MoveAsync(TestRegion region, string id, string town)
        => region.Runtime.SendAsync(Types.Of<Guest>(), id, new Move(new Address("Rue 1", town)),
            RequestOptions.Default, Cancelled);

    private static async Task<string> TownAsync(TestRegion region, string id)
        => (await region.Runtime.ReadAsync(Types.Of<Guest>(), id,
            view => ((Guest)view.State).Address is not { } address ? "none"
                : new QueryContext(view.Sealing).Open(address, GuestJson.Default.Address)
                    .Match(a => a.Town, why => why.ToString()), RequestOptions.Default, Cancelled)).ValueOrThrow();
}
