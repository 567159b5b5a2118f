using System.Net.Sockets;
using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class WideAreaNetworkTests
{
    private static readonly WanSelection Everything = new(null, null, OneWay: false);
    private static readonly WanSelection OnlyAToB = new("a", "b", OneWay: true);

    [Fact]
    public async Task Delay_BytesUnderWay_ArriveWhenItHasPassedAndNotBefore()
    {
        var clock = new FakeClock();
        using var wan = new WanFixture(clock);
        var (client, server) = await OpenAsync(wan, "a");
        wan.Network.Set(new WanDelay(OnlyAToB, 34)).ShouldBeNull();
        var sent = clock.GetUtcNow();
        await WanFixture.SendAsync(client, [1, 2, 3]);
        await Eventually.BeTrue(
            () => wan.Link("a").InFlightBytes == 3
            && clock.ArmedTimers > 0, "bytes under way, and a pacer that sleeps");

        // The opposite direction has no delay: its answer shows that the emulator works while the clock stands.
        clock.Advance(TimeSpan.FromMilliseconds(33.9));
        await WanFixture.SendAsync(server, [9]);
        (await WanFixture.ReceiveAsync(client, 1)).ShouldBe([9]);
        server.Available.ShouldBe(0);

        // The pacer sleeps relative to the moment it read: a clock that moves meanwhile makes it sleep a little longer.
        await Eventually.BeTrue(
            () =>
            {
                clock.Advance(TimeSpan.FromMilliseconds(0.1));
                return server.Available == 3;
            },
            "the bytes at the other side");
        (await WanFixture.ReceiveAsync(server, 3)).ShouldBe([1, 2, 3]);
        (clock.GetUtcNow() - sent).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(34));
    }

    [Fact]
    public async Task Delay_Connect_CostsARoundTripBeforeTheFirstByteLeaves()
    {
        var clock = new FakeClock();
        using var wan = new WanFixture(clock);
        wan.Network.Set(new WanDelay(Everything, 50)).ShouldBeNull();
        var started = clock.GetUtcNow();
        var client = await wan.ConnectAsync("a");
        await WanFixture.SendAsync(client, [7]);
        await Eventually.BeTrue(
            () =>
            {
                clock.Advance(TimeSpan.FromMilliseconds(10));
                return wan.SomebodyConnects;
            },
            "the connection at the other side");
        (clock.GetUtcNow() - started).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(50));
        var server = await wan.AcceptAsync();
        await Eventually.BeTrue(
            () =>
            {
                clock.Advance(TimeSpan.FromMilliseconds(10));
                return server.Available > 0;
            },
            "the first byte");
        (clock.GetUtcNow() - started).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(150));
    }

    [Fact]
    public async Task Stream_ManySmallWrites_ArriveInOrderThenItsEnd()
    {
        using var wan = new WanFixture(TimeProvider.System);
        wan.Network.Set(new WanDelay(Everything, 1)).ShouldBeNull();
        var (client, server) = await OpenAsync(wan, "a");
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < 20_000; i++)
                await WanFixture.SendAsync(client, BitConverter.GetBytes(i));
            client.Shutdown(SocketShutdown.Send);
        }, TestContext.Current.CancellationToken);
        var received = await WanFixture.ReceiveAsync(server, 20_000 * sizeof(int));
        for (var i = 0; i < 20_000; i++)
            BitConverter.ToInt32(received, i * sizeof(int)).ShouldBe(i);
        await WanFixture.ShouldEndAsync(server);
        await sending;

        await WanFixture.SendAsync(server, [1]); // half-closed: the other direction still works
        (await WanFixture.ReceiveAsync(client, 1)).ShouldBe([1]);
        server.Shutdown(SocketShutdown.Send);
        await WanFixture.ShouldEndAsync(client);
        await Eventually.BeTrue(() => wan.Link("a").Connections == 0, "the end of the connection");
    }

    [Fact]
    public async Task BackPressure_ReceiverDoesNotRead_SenderIsHeldBack()
    {
        const int bound = 256 * 1024;
        using var wan = new WanFixture(TimeProvider.System, options: new WanOptions { MaxInFlightBytes = bound });
        var (client, server) = await OpenAsync(wan, "a");
        client.Blocking = false;
        var block = new byte[64 * 1024];
        long sent = 0;
        await Eventually.BeTrue(
            () =>
            {
                var before = sent;
                sent += client.Send(block, SocketFlags.None, out var error);
                return error == SocketError.WouldBlock && sent == before && wan.Link("a").InFlightBytes > bound / 2;
            },
            "a sender that is held back");
        wan.Link("a").InFlightBytes.ShouldBeLessThanOrEqualTo(bound + new WanOptions().ReadBytes);
        (await WanFixture.ReceiveAsync(server, (int)sent)).Length.ShouldBe((int)sent);
    }

    [Fact]
    public async Task Cut_OpenConnection_HoldsBytesUntilHealed()
    {
        using var wan = new WanFixture(TimeProvider.System);
        var (client, server) = await OpenAsync(wan, "a");
        wan.Network.Cut(Everything).ShouldBeNull();
        await WanFixture.SendAsync(client, [1, 2]);
        await WanFixture.SendAsync(server, [3]);
        await Eventually.BeTrue(() => wan.Link("a").InFlightBytes == 3, "held bytes");
        server.Available.ShouldBe(0);
        client.Available.ShouldBe(0);
        wan.Network.Report().Directions.ShouldAllBe(d => d.CutSince != null);

        wan.Network.Heal(Everything).ShouldBeNull();
        (await WanFixture.ReceiveAsync(server, 2)).ShouldBe([1, 2]);
        (await WanFixture.ReceiveAsync(client, 1)).ShouldBe([3]);
    }

    [Fact]
    public async Task Cut_OneWay_HoldsThatDirectionOfBothLinks()
    {
        using var wan = new WanFixture(TimeProvider.System);
        var (forward, forwardPeer) = await OpenAsync(wan, "a");
        var (backward, backwardPeer) = await OpenAsync(wan, "b");
        wan.Network.Cut(OnlyAToB).ShouldBeNull();
        await WanFixture.SendAsync(forward, [1]); // a → b
        await WanFixture.SendAsync(backwardPeer, [2]); // a answers b
        await WanFixture.SendAsync(forwardPeer, [3]); // b answers a
        await WanFixture.SendAsync(backward, [4]); // b → a
        (await WanFixture.ReceiveAsync(forward, 1)).ShouldBe([3]);
        (await WanFixture.ReceiveAsync(backwardPeer, 1)).ShouldBe([4]);
        await Eventually.BeTrue(
            () => wan.Link("a").InFlightBytes == 1 && wan.Link("b").InFlightBytes == 1, "what a sends is held");
        wan.Network.Heal(Everything).ShouldBeNull();
        (await WanFixture.ReceiveAsync(forwardPeer, 1)).ShouldBe([1]);
        (await WanFixture.ReceiveAsync(backward, 1)).ShouldBe([2]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cut_NewConnection_ReachesTheTargetOnlyAfterHeal(bool oneWay)
    {
        using var wan = new WanFixture(TimeProvider.System);
        wan.Network.Cut(new WanSelection("b", "a", oneWay)).ShouldBeNull();
        var client = await wan.ConnectAsync("a");
        await WanFixture.SendAsync(client, [5]);
        await Eventually.BeTrue(() => wan.Link("a").Accepted == 1, "the accepted client");
        wan.SomebodyConnects.ShouldBeFalse("a handshake crosses both directions");
        wan.Network.Heal(Everything).ShouldBeNull();
        var server = await wan.AcceptAsync();
        (await WanFixture.ReceiveAsync(server, 1)).ShouldBe([5]);
    }

    [Fact]
    public async Task Cut_ClientGivesUp_ItsSlotIsFreed()
    {
        var options = new WanOptions { AbandonedCheckInterval = TimeSpan.FromMilliseconds(5) };
        using var wan = new WanFixture(TimeProvider.System, options: options);
        wan.Network.Cut(Everything).ShouldBeNull();
        var client = await wan.ConnectAsync("a");
        await Eventually.BeTrue(() => wan.Link("a").Connections == 1, "the waiting connection");
        client.Dispose();
        await Eventually.BeTrue(() => wan.Link("a").Connections == 0, "the end of the connection");
    }

    [Fact]
    public async Task Connect_TargetRefuses_ClientIsReset()
    {
        using var wan = new WanFixture(TimeProvider.System);
        wan.StopServer();
        // The reset may come as early as in the connect: a connection that was accepted and is reset already.
        var error = await Should.ThrowAsync<SocketException>(async () =>
        {
            var client = await wan.ConnectAsync("a");
            await client.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken);
        });
        error.SocketErrorCode.ShouldBe(SocketError.ConnectionReset);
    }

    [Fact]
    public async Task Reset_OneSideDies_TheOtherIsReset()
    {
        using var wan = new WanFixture(TimeProvider.System);
        var (client, server) = await OpenAsync(wan, "a");
        server.LingerState = new LingerOption(enable: true, seconds: 0);
        server.Dispose();
        var error = await Should.ThrowAsync<SocketException>(
            async () => await client.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken));
        error.SocketErrorCode.ShouldBe(SocketError.ConnectionReset);
        await Eventually.BeTrue(() => wan.Link("a").Connections == 0, "the end of the connection");
    }

    [Fact]
    public void Command_OnAFullDisk_FailsAndChangesNothing()
    {
        var home = Directory.CreateTempSubdirectory("pelago-wan-");
        try
        {
            using var wan = new WanFixture(TimeProvider.System, home);
            var before = wan.Network.Report().Directions;
            using (new FullDisk(Path.Combine(home.FullName, "state.json")))
            {
                wan.Network.Cut(OnlyAToB).ShouldNotBeNull().Error.ShouldBe(ErrorCodes.FileNotWritten);
                wan.Network.Set(new WanDelay(Everything, 50)).ShouldNotBeNull();
                wan.Network.Report().Directions.ShouldBe(before);
            }
            wan.Network.Cut(OnlyAToB).ShouldBeNull();
            wan.Network.Report().Directions.Single(d => d.From == "a").CutSince.ShouldNotBeNull();
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    [Fact]
    public void State_Restart_KeepsCutsAndDelays()
    {
        var home = Directory.CreateTempSubdirectory("pelago-wan-");
        try
        {
            using (var before = new WanFixture(TimeProvider.System, home))
            {
                before.Network.Cut(OnlyAToB).ShouldBeNull();
                before.Network.Set(new WanDelay(new WanSelection("b", "a", OneWay: true), 12.5)).ShouldBeNull();
            }
            using var after = new WanFixture(TimeProvider.System, home);
            var directions = after.Network.Report().Directions;
            directions.Single(d => d.From == "a").CutSince.ShouldNotBeNull();
            directions.Single(d => d.From == "b").CutSince.ShouldBeNull();
            directions.Single(d => d.From == "b").DelayMs.ShouldBe(12.5);
            after.Network.Set(new WanDelay(Everything, null)).ShouldBeNull();
            after.Network.Report().Directions.ShouldAllBe(d => d.DelayMs == 0);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    [Fact]
    public void Selection_UnknownEndOrDelay_IsRefusedAndChangesNothing()
    {
        using var wan = new WanFixture(TimeProvider.System);
        wan.Network.Cut(new WanSelection("nowhere", null, false))!.Error.ShouldBe(ErrorCodes.RegionUnknown);
        wan.Network.Cut(new WanSelection("a", "a", false))!.Error.ShouldBe(ErrorCodes.LinkUnknown);
        foreach (var ms in new[] { -1, 60_001, double.NaN })
            wan.Network.Set(new WanDelay(Everything, ms))!.Error.ShouldBe(ErrorCodes.InvalidDelay);
        wan.Network.Report().Directions.ShouldAllBe(d => d.CutSince == null && d.DelayMs == 0);
    }

    [Fact]
    public void DryRun_AnyChange_IsCheckedAsTheRealOneAndChangesNothing()
    {
        using var wan = new WanFixture(TimeProvider.System);
        var nowhere = new WanSelection("nowhere", null, false);
        wan.Network.Cut(nowhere, dryRun: true)!.Error.ShouldBe(ErrorCodes.RegionUnknown);
        wan.Network.Heal(new WanSelection("a", "a", false), dryRun: true)!.Error.ShouldBe(ErrorCodes.LinkUnknown);
        wan.Network.Set(new WanDelay(nowhere, 5), dryRun: true)!.Error.ShouldBe(ErrorCodes.RegionUnknown);
        wan.Network.Set(new WanDelay(Everything, -1), dryRun: true)!.Error.ShouldBe(ErrorCodes.InvalidDelay);
        wan.Network.Cut(Everything, dryRun: true).ShouldBeNull();
        wan.Network.Set(new WanDelay(Everything, 5), dryRun: true).ShouldBeNull();
        wan.Network.Report().Directions.ShouldAllBe(d => d.CutSince == null && d.DelayMs == 0);
        wan.Network.Cut(Everything).ShouldBeNull();
        wan.Network.Heal(Everything, dryRun: true).ShouldBeNull();
        wan.Network.Report().Directions.ShouldAllBe(d => d.CutSince != null);
    }

    private static async Task<(Socket Client, Socket Server)> OpenAsync(WanFixture wan, string from)
    {
        var client = await wan.ConnectAsync(from);
        return (client, await wan.AcceptAsync());
    }
}
