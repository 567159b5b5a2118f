using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Pelago.Client;
using Pelago.Federation;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Tests.Unit;

public sealed class EnrolmentTests
{
    private const string Region = "eu-west-1";
    private const string EnrolPath = $"/v1/groups/local/regions/{Region}/enrol";
    private const string RenewPath = $"/v1/groups/local/regions/{Region}/renew";

    [Fact]
    public async Task Enrol_ValidTicket_GivesAnIntermediateOfTheGroup()
    {
        await using var federation = await LocalFederation.StartAsync("us-east-1", Region);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var grant = await EnrolAsync(federation, key, federation.Ticket(Region));

        TrustBundle.Parse(grant.Trust.Pem, out var bundle).ShouldBeNull();
        using var intermediate = X509Certificate2.CreateFromPem(grant.Certificate);
        bundle!.Issued(intermediate).ShouldBeTrue();
        NameConstraints.TryRead(intermediate, out var apps, out _).ShouldBeTrue();
        apps.ShouldBe("eu-west-1.apps.pelago.localhost");
        grant.Members.ShouldBe([Region, "us-east-1"]);
        grant.Causality.Current.Length.ShouldBe(32);
        using var admin = federation.Client();
        var view = await admin.GetGroupAsync("local", TestContext.Current.CancellationToken);
        view.Regions.Single(r => r.Name == Region).Enrolled.ShouldBeTrue();
        view.Regions.Single(r => r.Name == "us-east-1").Enrolled.ShouldBeFalse();
    }

    [Fact]
    public async Task Enrol_SameKeyAgainAfterARestart_GivesTheSameCertificate()
    {
        await using var federation = await LocalFederation.StartAsync(Region);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var ticket = federation.Ticket(Region);
        var first = await EnrolAsync(federation, key, ticket);

        await federation.StopAsync();
        await federation.StartAsync();

        var second = await EnrolAsync(federation, key, ticket);
        second.Certificate.ShouldBe(first.Certificate);
        second.Trust.ShouldBe(first.Trust);
        second.Causality.Current.ShouldBe(first.Causality.Current);
    }

    [Fact]
    public async Task Bundle_WithOtherContentThanBefore_GetsAHigherEpoch()
    {
        await using var federation = await LocalFederation.StartAsync(Region);
        await federation.StopAsync();
        await federation.StartAsync();
        Epoch(federation).ShouldBe(1, "a restart changes nothing");

        await federation.StopAsync();
        File.Delete(Path.Combine(federation.Home, "ca", "root.pem"));
        File.Delete(Path.Combine(federation.Home, "keys", "root.key"));
        await federation.StartAsync();

        Epoch(federation).ShouldBe(2, "another root");
        PrivateFile.ReadJson<FederationState>(Path.Combine(federation.Home, "state.json"))!.TrustEpoch.ShouldBe(2);

        static long Epoch(LocalFederation federation)
        {
            TrustBundle.Parse(File.ReadAllText(federation.BundleFile), out var bundle).ShouldBeNull();
            return bundle!.Epoch;
        }
    }

    [Fact]
    public async Task Diagnosis_WithoutTheAdministratorsToken_IsRefused()
    {
        await using var federation = await LocalFederation.StartAsync(Region);
        using var stranger = federation.Client("plg_test_stranger");
        (await Should.ThrowAsync<PelagoException>(
            () => stranger.DiagnoseAsync(TestContext.Current.CancellationToken))).Failure.Error
            .ShouldBe(ErrorCodes.NotSignedIn);
        using var admin = federation.Client();
        var diagnosis = await admin.DiagnoseAsync(TestContext.Current.CancellationToken);
        diagnosis.Certificates.Select(c => c.What)
            .ShouldBe(["root", "intermediate", "api.federation.pelago.localhost"]);
        diagnosis.Program.ShouldBe(BuildIdentity.Current);
    }

    [Fact]
    public async Task Enrol_UsedTokenWithAnotherKey_IsRefused()
    {
        await using var federation = await LocalFederation.StartAsync(Region);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var ticket = federation.Ticket(Region);
        await EnrolAsync(federation, key, ticket);

        using var answer = await federation.PostAsync(
            EnrolPath, new RegionEnrolRequest(ticket.Token, SigningRequest.Create(other)), ticket.ServerKeySha256);

        await ShouldBeProblemAsync(answer, HttpStatusCode.Forbidden, ErrorCodes.EnrolmentRefused);
    }

    [Fact]
    public async Task Enrol_TicketOfAnotherRegion_IsRefusedAndStaysValid()
    {
        await using var federation = await LocalFederation.StartAsync("us-east-1", Region);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var ticket = federation.Ticket("us-east-1");

        using var answer = await federation.PostAsync(
            EnrolPath, new RegionEnrolRequest(ticket.Token, SigningRequest.Create(key)), ticket.ServerKeySha256);

        await ShouldBeProblemAsync(answer, HttpStatusCode.Forbidden, ErrorCodes.EnrolmentRefused);
        (await EnrolAsync(federation, key, ticket, "us-east-1")).Certificate.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Enrol_MalformedBodies_AreProblemsWithACode()
    {
        await using var federation = await LocalFederation.StartAsync(Region);
        var ticket = federation.Ticket(Region);

        using var notJson = await federation.PostAsync(EnrolPath, "x", ticket.ServerKeySha256);
        await ShouldBeProblemAsync(notJson, HttpStatusCode.BadRequest, ErrorCodes.MalformedBody);
        using var notACsr = await federation.PostAsync(
            EnrolPath, new RegionEnrolRequest(ticket.Token, [1, 2, 3]), ticket.ServerKeySha256);
        await ShouldBeProblemAsync(notACsr, HttpStatusCode.BadRequest, ErrorCodes.BadSigningRequest);
        using var nowhere = await federation.PostAsync("/v1/nowhere", "x", ticket.ServerKeySha256);
        await ShouldBeProblemAsync(nowhere, HttpStatusCode.NotFound, ErrorCodes.NoSuchAddress);
    }

    [Fact]
    public async Task Enrol_ServerWithAnotherKey_IsNotGivenTheToken()
    {
        await using var federation = await LocalFederation.StartAsync(Region);
        var ticket = federation.Ticket(Region);

        await Should.ThrowAsync<HttpRequestException>(() => federation.PostAsync(
            EnrolPath, new RegionEnrolRequest(ticket.Token, []), new string('0', 64)));
    }

    [Fact]
    public async Task Renew_ProofByThePresentKey_CertifiesTheNewKeyAndRetiresTheOld()
    {
        await using var federation = await LocalFederation.StartAsync(Region);
        using var first = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var second = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var third = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var ticket = federation.Ticket(Region);
        await EnrolAsync(federation, first, ticket);

        using var renewed = await federation.PostAsync(RenewPath, RequestFor(second, first), ticket.ServerKeySha256);
        renewed.StatusCode.ShouldBe(HttpStatusCode.OK);
        var renewal = await renewed.Content.ReadFromJsonAsync<RegionRenewal>(TestContext.Current.CancellationToken);
        using var intermediate = X509Certificate2.CreateFromPem(renewal!.Certificate);
        intermediate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(second.ExportSubjectPublicKeyInfo());

        using var byOldKey = await federation.PostAsync(RenewPath, RequestFor(third, first), ticket.ServerKeySha256);
        await ShouldBeProblemAsync(byOldKey, HttpStatusCode.Forbidden, ErrorCodes.EnrolmentRefused);
    }

    [Fact]
    public async Task Group_WithoutToken_IsRefused()
    {
        await using var federation = await LocalFederation.StartAsync(Region);
        using var stranger = federation.Client(token: "plg_test_stranger");

        var refused = await Should.ThrowAsync<PelagoException>(
            () => stranger.GetGroupAsync("local", TestContext.Current.CancellationToken));

        refused.Failure.Error.ShouldBe(ErrorCodes.NotSignedIn);
    }

    [Fact]
    public async Task Home_HoldsNoKeyInTheClear_AndTicketsAreForTheirOwnerOnly()
    {
        await using var federation = await LocalFederation.StartAsync(Region);

        foreach (var file in Directory.EnumerateFiles(federation.Home, "*", SearchOption.AllDirectories))
            (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ShouldNotContain("PRIVATE KEY");
        File.GetUnixFileMode(federation.Config.Regions[0].TokenFile)
            .ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static RegionRenewRequest RequestFor(ECDsa next, ECDsa present)
    {
        var csr = SigningRequest.Create(next);
        return new RegionRenewRequest(csr,
            present.SignData(RenewalProof.Of("local", Region, csr), HashAlgorithmName.SHA256));
    }

    private static async Task<RegionEnrolmentGrant> EnrolAsync(
        LocalFederation federation, ECDsa key, EnrolmentTicket ticket, string region = Region)
    {
        using var answer = await federation.PostAsync($"/v1/groups/local/regions/{region}/enrol",
            new RegionEnrolRequest(ticket.Token, SigningRequest.Create(key)), ticket.ServerKeySha256);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK,
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return (await answer.Content.ReadFromJsonAsync(
            FederationJson.Default.RegionEnrolmentGrant, TestContext.Current.CancellationToken))!;
    }

    private static async Task ShouldBeProblemAsync(HttpResponseMessage answer, HttpStatusCode status, ErrorCode code)
    {
        answer.StatusCode.ShouldBe(status);
        answer.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        problem.GetProperty("code").GetString().ShouldBe(code.Code);
    }
}
