using System.Text;
using Pelago.Replication;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Unit.Guide;

public sealed class ArticleTests
{
    [Fact]
    public void InsertLine_IntoAnArticle_StandsWhereItWasPut()
    {
        var article = new EntityTest<Article>("a1")
            .Given(new LinesInserted(Sequence<string>.Empty.InsertAt(0, "first", "last")));

        var result = article.When(new InsertLine(1, "between"));

        result.Reply.ShouldBe(3);
        article.State.Lines.Items.ShouldBe(["first", "between", "last"]);
    }

    [Fact]
    public void Articles_WrittenInTwoRegions_Converge()
    {
        var report = Convergence.Of<Article>()
            .Given(new Tagged("draft"), new Shared("ada"), new Reacted("+1"))
            .Region("us-east-1", us => us
                .Writes(new Untagged("draft"), new Unshared("ada"), new ReactionsCleared("+1"))
                .Sends(new InsertLine(0, "from here")))
            .Region("eu-west-1", eu => eu
                .Writes(new Tagged("draft"), new Shared("ada"), new Reacted("+1"))
                .Sends(new InsertLine(0, "from there")))
            .Check();

        report.ToString().ShouldBe("11 events converge in all 70 orders of arrival.");
    }

    [Fact]
    public void Prices_SetInTwoRegions_Converge() => Convergence.Of<Offer>()
        .Given(new Priced(20))
        .Region("us-east-1", us => us.Writes(new Priced(12), new Priced(5)))
        .Region("eu-west-1", eu => eu.Writes(new Priced(10)))
        .Region("ap-southeast-1", ap => ap.Hears("eu-west-1").Writes(new Priced(11)))
        .Check();

    [Fact]
    public void Named_OfEveryVersion_IsRead()
    {
        var type = EntityType.Of<Customer>();

        type.Decode("named", 1, Encoding.UTF8.GetBytes("""{"FullName":"Ada Lovelace"}"""))
            .ShouldBe(new Named("Ada", "Lovelace"));
        type.Decode("named", 2, Encoding.UTF8.GetBytes("""{"Name":"Ada"}""")).ShouldBe(new Named("", "Ada"));
    }
}
