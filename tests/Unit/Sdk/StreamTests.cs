using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Tests.Unit.Sdk;

/// <summary>Replication as it is between regions: mutual TLS through the destination's ingress.</summary>
public sealed class StreamTests
{
    private static readonly string[] Members = ["eu-west-1", "us-east-1"];

    [Fact]
    public async Task Write_ThroughBothIngresses_IsSeenInTheOtherRegion()
    {
        using var group = await TestGroup.CreateAsync();
        await using var eu = await StreamRegion.StartAsync(group, "eu-west-1", Members);
        await using var us = await StreamRegion.StartAsync(group, "us-east-1", Members);
        eu.Configure(us);
        us.Configure(eu);
        var written = await eu.Region.NoteAsync("a", "hello");
        written.Failure.ShouldBeNull();
        var read = await us.Region.WordsAsync(
            "a", new RequestOptions { Token = written.Token, Deadline = TimeSpan.FromSeconds(30) });
        read.ValueOrThrow().ShouldBe("hello");
    }

    [Fact]
    public async Task Caller_OfAnotherProject_GetsNoStream()
    {
        using var group = await TestGroup.CreateAsync();
        await using var eu = await StreamRegion.StartAsync(group, "eu-west-1", Members);
        await using var us = await StreamRegion.StartAsync(group, "us-east-1", Members);
        us.ClientProject = "other";
        us.Configure(eu);
        var written = await eu.Region.NoteAsync("a", "hello");
        var read = await us.Region.WordsAsync(
            "a", new RequestOptions { Token = written.Token, Deadline = TimeSpan.FromSeconds(2) });
        read.Failure!.Error.ShouldBe(ErrorCodes.TokenNotReached);
    }

    [Fact]
    public async Task Region_ThatStopsWhileItsPeersAreThere_Ends()
    {
        using var group = await TestGroup.CreateAsync();
        await using var eu = await StreamRegion.StartAsync(group, "eu-west-1", Members);
        var us = await StreamRegion.StartAsync(group, "us-east-1", Members);
        eu.Configure(us);
        us.Configure(eu);
        var written = await eu.Region.NoteAsync("a", "hello");
        await us.Region.WordsAsync(
            "a", new RequestOptions { Token = written.Token, Deadline = TimeSpan.FromSeconds(30) });
        await us.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }
}
