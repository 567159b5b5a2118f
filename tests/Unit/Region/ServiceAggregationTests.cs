using Pelago.Client;
using Pelago.Model;
using Pelago.Region;

namespace Pelago.Tests.Unit;

public sealed class ServiceAggregationTests
{
    private static readonly DateTimeOffset Then = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void ToStatus_EveryRegionReady_IsReady()
    {
        var status = ServiceAggregation.ToStatus(3, [View("eu", "Ready", 3), View("us", "Ready", 3)]);
        Of(status, "Synced").ShouldBe(("True", "Received", ""));
        Of(status, "Ready").ShouldBe(("True", "Ready", ""));
        status.ObservedGeneration.ShouldBe(3);
        status.Regions.Select(r => r.Name).ShouldBe(["eu", "us"]);
    }

    [Fact]
    public void ToStatus_OneRegionBehind_NamesIt()
    {
        var status = ServiceAggregation.ToStatus(
            3, [View("eu", "Starting", 2, "Not ready yet."), View("us", "Ready", 3)]);
        Of(status, "Synced").ShouldBe(("False", "Pending", "Not acted on yet in eu."));
        Of(status, "Ready").ShouldBe(("False", "Starting", "eu: Not ready yet."));
        status.ObservedGeneration.ShouldBe(2);
    }

    [Fact]
    public void ToStatus_RegionNotHeardOf_IsUnknownAndNotBroken()
    {
        var status = ServiceAggregation.ToStatus(3, [View("eu", "Unknown", 3), View("us", "Ready", 3)]);
        Of(status, "Ready").Status.ShouldBe("Unknown");
        status.Regions[0].Conditions.Single(c => c.Type == "Ready").Status.ShouldBe("Unknown");
    }

    [Fact]
    public void Budget_ServiceThatKeepsFallingOver_ReportsMoreSlowly()
    {
        var clock = new FakeClock();
        var budget = new ReportBudget(3, TimeSpan.FromSeconds(30), clock.GetTimestamp());
        Enumerable.Range(0, 5).Count(_ => budget.TryTake(clock)).ShouldBe(3);
        clock.Advance(TimeSpan.FromSeconds(29));
        budget.TryTake(clock).ShouldBeFalse();
        clock.Advance(TimeSpan.FromSeconds(1));
        budget.TryTake(clock).ShouldBeTrue();
        clock.Advance(TimeSpan.FromHours(1));
        Enumerable.Range(0, 5).Count(_ => budget.TryTake(clock)).ShouldBe(3, "no more than the burst is saved up");
    }

    private static ServiceRegionView View(string region, string state, long generation, string? message = null)
        => new(region, state, message, generation, Then);

    private static (string Status, string Reason, string Message) Of(ServiceStatus status, string type)
    {
        var condition = status.Conditions.Single(c => c.Type == type);
        return (condition.Status, condition.Reason, condition.Message);
    }
}
