using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Tests.Unit.Entities;

public sealed class InspectionTests
{
    [Fact]
    public async Task Health_KernelFailed_IsNeitherReadyNorAlive()
    {
        await using var region = await TestRegion.StartAsync("here");
        await using var host = await HostAsync(region);
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.Single()) };
        (await StatusAsync(client, "/ready"), await StatusAsync(client, "/alive"))
            .ShouldBe((HttpStatusCode.OK, HttpStatusCode.OK));
        var status = new Uri("/v1/replication", UriKind.Relative);
        (await client.GetStringAsync(status, TestContext.Current.CancellationToken)).ShouldContain("\"counts\"");

        region.Journal.Breaks = true;
        region.Journal.Release();
        (await region.NoteAsync("a", "one")).Failure!.Error.ShouldBe(ErrorCodes.InstanceFailed);

        (await StatusAsync(client, "/ready"), await StatusAsync(client, "/alive"))
            .ShouldBe((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable));
        (await StatusAsync(client, "/v1/replication")).ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    private static async Task<WebApplication> HostAsync(TestRegion region)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var host = builder.Build();
        host.MapInspection(() => region.Runtime);
        await host.StartAsync(TestContext.Current.CancellationToken);
        return host;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(
            new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
