using System.Text.Json;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class ServiceParserTests
{
    private const string Digest = "sha256:0000000000000000000000000000000000000000000000000000000000000001";

    private const string Valid = $$"""
        { "apiVersion": "pelago.dev/v1", "kind": "Service", "metadata": { "name": "bookstore", "namespace": "demo" },
          "spec": { "artifact": "{{Digest}}", "environment": { "MODE": "x" } } }
        """;

    [Fact]
    public void Parse_ValidDocument_FillsDefaults()
    {
        Parse(Valid, out var service).ShouldBeEmpty();
        service!.Spec.Instances.ShouldBe(1);
        service.Spec.Replicated.ShouldBeTrue();
        service.Spec.Public.ShouldBeTrue();
        service.Spec.Environment["MODE"].ShouldBe("x");
    }

    [Fact]
    public void Parse_SeveralErrors_ReportsAllWithTheirFields()
    {
        var failures = Parse("""
            { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "Book", "labls": {} },
              "spec": { "artifact": "latest", "instances": 3, "public": "yes",
                        "environment": { "PELAGO_HOME": "/" }, "replicatd": true } }
            """, out var service);
        service.ShouldBeNull();
        failures.Select(f => f.Field).ShouldBe(
        [
            "apiVersion", "metadata.labls", "metadata.name", "spec.replicatd", "spec.artifact", "spec.instances",
                "spec.public",
            "spec.environment.PELAGO_HOME",
        ], ignoreOrder: true);
        failures.Single(f => f.Field == "metadata.labls").Next.ShouldBe("Did you mean 'metadata.labels'?");
        failures.Single(f => f.Field == "spec.replicatd").Next.ShouldBe("Did you mean 'spec.replicated'?");
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{ "apiVersion": 1, "kind": null, "metadata": [], "spec": "x" }""")]
    [InlineData("""{ "apiVersion": "\ud800", "spec": { "environment": { "A": "\ud800" } } }""")]
    public void Parse_OtherShapes_AreFailuresAndNeverThrow(string json)
    {
        Parse(json, out var service).ShouldNotBeEmpty();
        service.ShouldBeNull();
    }

    [Theory]
    [InlineData("pelago", "reserved project")]
    [InlineData("other", "not the one of the address")]
    public void Parse_ProjectThatMayNotBe_IsRefused(string project, string why)
        => Parse(Valid.Replace("\"demo\"", $"\"{project}\"", StringComparison.Ordinal), out _)
            .ShouldHaveSingleItem(why).Field.ShouldBe("metadata.namespace");

    [Theory]
    [InlineData("svc")]
    [InlineData("-a")]
    [InlineData("ä")]
    [InlineData("..")]
    public void Parse_NameThatMayNotBe_IsRefused(string name)
        => Parse(Valid.Replace("\"bookstore\"", $"\"{name}\"", StringComparison.Ordinal), out _)
            .ShouldHaveSingleItem().Field.ShouldBe("metadata.name");

    private static IReadOnlyList<Failure> Parse(string json, out ServiceResource? service)
    {
        using var document = JsonDocument.Parse(json);
        return ServiceParser.Parse(document.RootElement, "demo", null, out service);
    }
}
