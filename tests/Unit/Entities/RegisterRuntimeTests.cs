using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Entities;

/// <summary>Registers on real journals and the runtime's loop.</summary>
public sealed class RegisterRuntimeTests
{
    private static readonly EntityKey Owner = new("shop.test", "owner");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Register_ChangedInOneRegion_IsReadInTheOtherAfterARestartToo()
    {
        var network = new TestNetwork(["eu", "us"]);
        await using var eu = await TestRegion.StartAsync("eu", network);
        await using var us = await TestRegion.StartAsync("us", network);

        (await ChangeAsync(eu, 0, "eu")).Outcome.ShouldBe(RegisterOutcome.Decided);

        (await ReadAsync(us)).ShouldBe("eu");
        (await ChangeAsync(us, 0, "us")).Outcome.ShouldBe(RegisterOutcome.Mismatch);
        await us.Runtime.DisposeAsync();
        await us.StartAgainAsync();
        (await ReadAsync(us)).ShouldBe("eu");
        (await ChangeAsync(us, 1, "us")).Value!.Version.ShouldBe(2ul);
        (await ReadAsync(eu)).ShouldBe("us");
    }

    [Fact]
    public async Task Register_OtherRegionIsNotThere_HasNoQuorumAndNamesIt()
    {
        var network = new TestNetwork(["eu", "us"]);
        await using var eu = await TestRegion.StartAsync("eu", network);

        var result = await eu.Runtime.ChangeRegisterAsync(
            Owner, new RegisterChange(0, new byte[] { 1 }), TimeSpan.FromSeconds(0.3), Cancelled);

        result.Outcome.ShouldBe(RegisterOutcome.NoQuorum);
        result.Failure!.Error.ShouldBe(ErrorCodes.NoQuorum);
        result.Failure.Message.ShouldContain("us did not answer");
    }

    [Fact]
    public async Task Register_ThatBelongsToPelago_IsReadAndNotChanged()
    {
        await using var region = await TestRegion.StartAsync("here");
        foreach (var register in new[] { Configuration.Register, new EntityKey("pelago.primary", "till") })
        {
            var changed = await region.Runtime.ChangeRegisterAsync(
                register, new RegisterChange(0, new byte[] { 1 }), Patience, Cancelled);
            var read = await region.Runtime.ReadRegisterAsync(register, Patience, Cancelled);

            (changed.Outcome, changed.Failure?.Error).ShouldBe((RegisterOutcome.Refused, ErrorCodes.RegisterReserved));
            (read.Outcome, read.Value).ShouldBe((RegisterOutcome.Decided, null));
        }
    }

    [Fact]
    public async Task Register_ValueTooLargeOrRuntimeStopped_IsRefused()
    {
        await using var region = await TestRegion.StartAsync("here");
        (await ChangeAsync(region, 0, new string('x', RegisterValue.MaxBytes))).Outcome
            .ShouldBe(RegisterOutcome.Decided);

        var large = await ChangeAsync(region, 1, new string('x', RegisterValue.MaxBytes + 1));
        await region.Runtime.DisposeAsync();
        var late = await ChangeAsync(region, 1, "x");

        (large.Outcome, large.Failure!.Error).ShouldBe((RegisterOutcome.Refused, ErrorCodes.RegisterTooLarge));
        (late.Outcome, late.Failure!.Error).ShouldBe((RegisterOutcome.Refused, ErrorCodes.Stopping));
    }

    private static async Task<RegisterResult> ChangeAsync(TestRegion region, ulong version, string content)
        => await region.Runtime.ChangeRegisterAsync(
            Owner, new RegisterChange(version, Encoding.UTF8.GetBytes(content)), Patience, Cancelled);

    private static async Task<string> ReadAsync(TestRegion region)
    {
        var result = await region.Runtime.ReadRegisterAsync(Owner, Patience, Cancelled);
        result.Outcome.ShouldBe(RegisterOutcome.Decided);
        return Encoding.UTF8.GetString(result.Value!.Content.Span);
    }
}
