using System.Security.Cryptography;
using System.Text;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class ScramVerifierTests
{
    /// <summary>The exchange of RFC 7677, section 3: both sides' proofs follow from what the verifier holds.</summary>
    [Fact]
    public void Of_ExampleOfTheStandard_ProvesBothSides()
    {
        const string message = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            + "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        var verifier = ScramVerifier.Of("pencil", Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ=="));
        verifier.ShouldStartWith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$");
        var keys = verifier.Split('$')[^1].Split(':').Select(Convert.FromBase64String).ToArray();
        var said = Encoding.ASCII.GetBytes(message);
        Convert.ToBase64String(HMACSHA256.HashData(keys[1], said))
            .ShouldBe("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        var proof = Convert.FromBase64String("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        var signature = HMACSHA256.HashData(keys[0], said);
        SHA256.HashData([.. proof.Zip(signature, (p, s) => (byte)(p ^ s))]).ShouldBe(keys[0], "the stored key");
    }

    [Fact]
    public void Of_OnePasswordTwice_IsNotTheSame()
        => ScramVerifier.Of("a").ShouldNotBe(ScramVerifier.Of("a"));

    [Theory]
    [InlineData("demo", "bookstore", "demo/bookstore")]
    [InlineData("a234567890123456789012345678901", "b234567890123456789012345678901",
        "a234567890123456789012345678901/b234567890123456789012345678901")]
    public void DatabaseOf_NamesThatFit_IsBoth(string project, string service, string name)
        => JournalStores.DatabaseOf(project, service).ShouldBe(name);

    [Fact]
    public void DatabaseOf_LongestNames_FitAndDiffer()
    {
        var project = new string('p', 40);
        var one = JournalStores.DatabaseOf(project, new string('s', 39) + "1");
        one.Length.ShouldBe(63);
        one.ShouldStartWith(project + "/sss");
        JournalStores.DatabaseOf(project, new string('s', 39) + "2").ShouldNotBe(one);
    }
}
