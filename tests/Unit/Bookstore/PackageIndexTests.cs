using Bookstore.Importer;

namespace Pelago.Tests.Unit.Bookstore;

public sealed class PackageIndexTests
{
    /// <summary>Pairs from Debian Policy 5.6.12 and dpkg's own tests.</summary>
    [Theory]
    [InlineData("1.0", "1.0-0", 0)]
    [InlineData("1.2.3", "1.2.10", -1)]
    [InlineData("1:0.1", "9.9", 1)]
    [InlineData("1.0~rc1", "1.0", -1)]
    [InlineData("1.0~~", "1.0~~a", -1)]
    [InlineData("1.0~~a", "1.0~", -1)]
    [InlineData("1.0+b1", "1.0", 1)]
    [InlineData("1.0a", "1.0+", -1)]
    [InlineData("1.0-1", "1.0-1+deb12u1", -1)]
    [InlineData("2:1.0-1-2", "2:1.0-1-10", -1)]
    [InlineData("20230101000000000000001", "20230101000000000000002", -1)]
    [InlineData("1.001", "1.1", 0)]
    [InlineData("0a", "0", 1)]
    public void Versions_InDebiansOrder_AreOrdered(string x, string y, int expected)
    {
        Math.Sign(DebianVersion.Order.Compare(x, y)).ShouldBe(expected);
        Math.Sign(DebianVersion.Order.Compare(y, x)).ShouldBe(-expected);
    }

    [Fact]
    public void Index_WithSeveralVersions_KeepsTheHighest()
    {
        var packages = Read("""
            Package: a
            Version: 1.0
            Description: first

            Package: b
            Version: 2

            Package: a
            Version: 1.0~rc1
            Description: second
            """);
        packages.Select(p => p.Name).ShouldBe(["a", "b", "a"]);
        PackageIndex.Newest(packages).ShouldBe(new Dictionary<string, int> { ["a"] = 0, ["b"] = 1 }, ignoreOrder: true);
    }

    [Fact]
    public void Record_WithContinuedLines_IsUnfolded()
    {
        var package = Read("""
            Package: löve
            Version: 1
            Maintainer: Jérôme <j@example.org>
            Description: 2D game – framework
             First paragraph
             goes on.
             .
             Second: with colon
            Homepage: https://example.org
            """).ShouldHaveSingleItem();
        package.Name.ShouldBe("löve");
        package.Maintainer.ShouldBe("Jérôme <j@example.org>");
        package.Synopsis.ShouldBe("2D game – framework");
        package.Description.ShouldBe("First paragraph\ngoes on.\n\nSecond: with colon");
    }

    [Fact]
    public void Record_WithoutNameOrVersion_IsPassedOver()
        => Read("Package: a\n\nVersion: 1\n\n\n\nno field\nPackage: b\nVersion: 1\n").Select(p => p.Name)
            .ShouldBe(["b"]);

    private static Package[] Read(string text)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            return [.. PackageIndex.Read(file)];
        }
        finally
        {
            File.Delete(file);
        }
    }
}
