using Pelago.Model;

namespace Pelago.Tests.Unit.Pki;

public sealed class HostnamesTests
{
    [Theory]
    [InlineData("a.b", true)]
    [InlineData("us-east-1.apps.pelago.localhost", true)]
    [InlineData("1a.b", true)]
    [InlineData("a", false)]
    [InlineData("", false)]
    [InlineData(".a.b", false)]
    [InlineData("a.b.", false)]
    [InlineData("a..b", false)]
    [InlineData("A.b", false)]
    [InlineData("*.b", false)]
    [InlineData("a_.b", false)]
    [InlineData("-a.b", false)]
    [InlineData("a-.b", false)]
    [InlineData("a\0.b", false)]
    [InlineData("ä.b", false)]
    [InlineData("a .b", false)]
    public void IsStrict_OfAName_IsOneSpellingOnly(string name, bool strict)
        => Hostnames.IsStrict(name).ShouldBe(strict);

    [Theory]
    [InlineData("apps.example", "apps.example", true)]
    [InlineData("x.apps.example", "apps.example", true)]
    [InlineData("xapps.example", "apps.example", false)]
    [InlineData(".apps.example", "apps.example", false)]
    [InlineData("apps.example.org", "apps.example", false)]
    public void IsUnder_ByLabels_NotByCharacters(string name, string parent, bool under)
        => Hostnames.IsUnder(name, parent).ShouldBe(under);

    [Fact]
    public void Generated_WithoutHyphens_IsPlain()
        => Hostnames.Generated("bookstore", "demo", "r.example").ShouldBe("bookstore-demo.r.example");

    [Fact]
    public void Generated_WithHyphens_CannotCollide()
    {
        var one = Hostnames.Generated("a-b", "c", "r.example");
        var two = Hostnames.Generated("a", "b-c", "r.example");

        one.ShouldMatch("^a-b-c-[a-z2-7]{6}\\.r\\.example$");
        two.ShouldMatch("^a-b-c-[a-z2-7]{6}\\.r\\.example$");
        one.ShouldNotBe(two);
        Hostnames.Generated("a-b", "c", "r.example").ShouldBe(one);
    }

    [Fact]
    public void Generated_OfTheLongestNames_IsALabel()
    {
        var name = Hostnames.Generated(new string('a', 40), new string('b', 40), "r.example");

        Hostnames.IsStrict(name).ShouldBeTrue();
        name.Split('.')[0].Length.ShouldBe(63);
    }

    [Theory]
    [InlineData("bookstore.demo.svc.r.example", true)]
    [InlineData("bookstore.demo.svc.r.example.", false)]
    [InlineData("bookstore.demo.svc.x.example", false)]
    [InlineData("x.bookstore.demo.svc.r.example", false)]
    [InlineData("demo.svc.r.example", false)]
    [InlineData("svc.demo.svc.r.example", false)]
    [InlineData(".demo.svc.r.example", false)]
    [InlineData(null, false)]
    public void ServiceHostname_OfAName_IsExactlyTwoLabelsBeforeSvc(string? name, bool parsed)
        => ServiceHostname.TryParse(name, "r.example", out _).ShouldBe(parsed);
}
