using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Pelago.Tests.Unit.Ingress;

/// <summary>Load, swaps, ends and draining.</summary>
public sealed class LifecycleTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Public_SixtyAtOnce_AllGetTheirOwnAnswer(string version)
    {
        await using var world = await IngressWorld.StartAsync();
        using var client = world.PublicClient(Version.Parse(version));
        var all = new CountdownEvent(60);
        world.BookstoreInstance.Handler = async context =>
        {
            // Nobody is answered before all are here: sixty are truly in flight at once.
            all.Signal();
            await Eventually.BeTrue(() => all.IsSet, "all sixty have arrived");
            await context.Response.WriteAsync(context.Request.Path.Value!, context.RequestAborted);
        };

        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(
            i => client.GetStringAsync($"https://{IngressWorld.PublicHost}/{i}", Stop)));

        answers.ShouldBe(Enumerable.Range(0, 60).Select(i => $"/{i}"));
    }

    [Fact]
    public async Task Swap_OfCertificatesAndRoutesUnderLoad_FailsNoRequest()
    {
        await using var world = await IngressWorld.StartAsync();
        await using var second = await RecordingInstance.StartAsync("bookstore-2");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var served = 0;
        var serials = new HashSet<string>();
        var load = Enumerable.Range(0, 8).Select(_ => Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    // A client each time, so that each request makes a handshake of its own.
                    using var client = world.PublicClient();
                    using var response = await client.PostAsync(
                        $"https://{IngressWorld.PublicHost}/", new StringContent("x"), Stop);
                    response.StatusCode.ShouldBe(HttpStatusCode.OK);
                    (await response.Content.ReadAsStringAsync(Stop)).ShouldBe("x");
                    Interlocked.Increment(ref served);
                }
            },
            Stop)).ToArray();

        for (var swap = 0; swap < 20; swap++)
        {
            var before = Volatile.Read(ref served);
            world.Server.Routes = swap % 2 == 0 ? world.Table(second.Upstream) : world.Table();
            await world.RenewAsync();
            serials.Add(world.Certificates.FindLeaf(IngressWorld.PublicHost)!.Certificate.SerialNumber);
            await Eventually.BeTrue(() => Volatile.Read(ref served) > before + 8, "requests after the swap");
        }
        await stop.CancelAsync();
        await Task.WhenAll(load);

        serials.Count.ShouldBe(20);
        second.Requests.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Stream_OfAnEndingCertificate_EndsBeforeIt()
    {
        // The handshake looks at the machine's clock as well, so the fake one starts at the same time.
        var clock = new FakeClock(TimeProvider.System.GetUtcNow());
        await using var world = await IngressWorld.StartAsync(clock: clock);
        var certificate = world.ClientOf("bookstore", "demo", TimeSpan.FromHours(1));
        using var client = world.PeerClient(certificate);
        await using var stream = await OpenStream.OpenAsync(client);
        await stream.EchoAsync("before");

        clock.Advance(TimeSpan.FromHours(1) - TimeSpan.FromSeconds(31));
        await stream.EchoAsync("still there");
        clock.Advance(TimeSpan.FromSeconds(2));

        clock.GetUtcNow().ShouldBeLessThan(certificate.NotAfter);
        await stream.ShouldEndAsync();
    }

    [Fact]
    public async Task Stop_WithARequestInFlight_LetsItEnd()
    {
        await using var world = await IngressWorld.StartAsync();
        var arrived = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        world.BookstoreInstance.Handler = async context =>
        {
            arrived.SetResult();
            await release.Task;
            await context.Response.WriteAsync("done", context.RequestAborted);
        };
        using var client = world.PublicClient();
        var pending = client.GetStringAsync($"https://{IngressWorld.PublicHost}/", Stop);
        await arrived.Task;

        var stopping = world.Server.StopAsync(TimeSpan.FromSeconds(30));
        await Eventually.BeTrue(async () => !await ConnectsAsync(world), "the listener is closed");
        release.SetResult();

        (await pending).ShouldBe("done");
        await stopping;
    }

    [Fact]
    public async Task Stop_WithAStreamOpen_ResetsIt()
    {
        await using var world = await IngressWorld.StartAsync();
        using var client = world.PeerClient(world.ClientOf("bookstore", "demo"));
        await using var stream = await OpenStream.OpenAsync(client);
        await stream.EchoAsync("before");

        await world.Server.StopAsync(TimeSpan.FromSeconds(30));

        await stream.ShouldEndAsync();
    }

    [Fact]
    public async Task Stop_PastItsDeadline_CutsWhatIsLeft()
    {
        await using var world = await IngressWorld.StartAsync();
        var arrived = new TaskCompletionSource();
        world.BookstoreInstance.Handler = context =>
        {
            arrived.SetResult();
            return new TaskCompletionSource().Task.WaitAsync(context.RequestAborted);
        };
        using var client = world.PublicClient();
        var pending = client.GetStringAsync($"https://{IngressWorld.PublicHost}/", Stop);
        await arrived.Task;

        await world.Server.StopAsync(TimeSpan.FromMilliseconds(50));

        await Should.ThrowAsync<HttpRequestException>(() => pending);
    }

    [Fact]
    public async Task Stream_ClientGoesAway_TheInstanceNotices()
    {
        await using var world = await IngressWorld.StartAsync();
        var gone = new TaskCompletionSource();
        var echo = world.BookstoreInstance.Handler;
        world.BookstoreInstance.Handler = context =>
        {
            context.RequestAborted.Register(() => gone.TrySetResult());
            return echo(context);
        };
        using (var client = world.PeerClient(world.ClientOf("bookstore", "demo")))
        {
            await using var stream = await OpenStream.OpenAsync(client);
            await stream.EchoAsync("hello");
        }

        await gone.Task.WaitAsync(TimeSpan.FromSeconds(30), Stop);
    }

    [Fact]
    public async Task Stream_OfManyMegabytes_IsNotBufferedOnTheWay()
    {
        await using var world = await IngressWorld.StartAsync(o => o with { MaxRequestBodyBytes = 1000 });
        var read = 0L;
        var go = new TaskCompletionSource();
        world.BookstoreInstance.Handler = async context =>
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await go.Task;
            var buffer = new byte[64 * 1024];
            for (var n = 1; n > 0; Interlocked.Add(ref read, n))
                n = await context.Request.Body.ReadAsync(buffer, context.RequestAborted);
        };
        using var client = world.PeerClient(world.ClientOf("bookstore", "demo"));
        await using var stream = await OpenStream.OpenAsync(client);

        // While the instance does not read, windows fill up and the writer has to wait.
        var written = 0L;
        var writing = Task.Run(
            async () =>
            {
                var piece = new byte[64 * 1024];
                for (; written < 64L * 1024 * 1024; Interlocked.Add(ref written, piece.Length))
                    await stream.WriteAsync(piece);
            },
            Stop);
        var last = -1L;
        await Eventually.BeTrue(
            () =>
            {
                var (before, now) = (last, Interlocked.Read(ref written));
                last = now;
                return now > 0 && before == now;
            },
            "the writer waits");
        Interlocked.Read(ref written).ShouldBeLessThan(24L * 1024 * 1024);
        go.SetResult();
        await writing;
        stream.Complete();
        await Eventually.BeTrue(() => Interlocked.Read(ref read) >= 64L * 1024 * 1024, "everything arrives");
    }

    private static async Task<bool> ConnectsAsync(IngressWorld world)
    {
        try
        {
            await using var connection = await IngressWorld.ConnectAsync(world.PublicPort, Stop);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
