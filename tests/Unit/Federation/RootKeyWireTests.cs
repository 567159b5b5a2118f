using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Pelago.Client;
using Pelago.Pki;

namespace Pelago.Tests.Unit;

/// <summary>Every byte that the federation plane answers with, before TLS: the root's private key is in none.</summary>
public sealed class RootKeyWireTests
{
    private const string Region = "eu-west-1";
    private const string Regions = "/v1/groups/local/regions/" + Region;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RootKey_OfTheGroup_IsInNoAnswerOfTheFederationPlane()
    {
        await using var federation = await LocalFederation.StartAsync(Region);
        using var kek = KeyEncryptionKey.OpenFile(
            Path.Combine(federation.Home, "kek"), Path.Combine(federation.Home, "keys"));
        using var root = await new SealedKeyFiles(Path.Combine(federation.Home, "keys"), kek).OpenAsync("root", Stop);
        var sealedRoot = await File.ReadAllBytesAsync(Path.Combine(federation.Home, "keys", "root.key"), Stop);
        using var first = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var second = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var ticket = federation.Ticket(Region);
        var csr = SigningRequest.Create(second);
        var proof = first.SignData(RenewalProof.Of("local", Region, csr), HashAlgorithmName.SHA256);
        using var http = new HttpClient(PinnedServer.CreateHandler(ticket.ServerKeySha256, null))
        {
            BaseAddress = federation.Address,
        };

        List<HttpResponseMessage> answers =
        [
            await http.PostAsJsonAsync(
                Regions + "/enrol", new RegionEnrolRequest(ticket.Token, SigningRequest.Create(first)), Stop),
            await http.PostAsJsonAsync(Regions + "/renew", new RegionRenewRequest(csr, proof), Stop),
            await http.PostAsJsonAsync(Regions + "/enrol", new RegionEnrolRequest(ticket.Token, csr), Stop),
            await http.PostAsJsonAsync(Regions + "/enrol", "no request", Stop),
        ];
        http.DefaultRequestHeaders.Authorization = new("Bearer", LocalFederation.AdminToken);
        answers.Add(await http.GetAsync("/v1/groups/local", Stop));

        answers.Select(answer => answer.StatusCode).ShouldBe([
            HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Forbidden, HttpStatusCode.BadRequest,
            HttpStatusCode.OK,
        ]);
        foreach (var answer in answers)
        {
            byte[] bytes =
            [
                .. System.Text.Encoding.Latin1.GetBytes(answer.ToString()),
                .. await answer.Content.ReadAsByteArrayAsync(Stop),
            ];
            SecretShapes.FindIn(bytes, root).ShouldBeNull();
            bytes.AsSpan().IndexOf(sealedRoot).ShouldBe(-1);
            FindSealed(bytes, sealedRoot).ShouldBeFalse();
            answer.Dispose();
        }
        FindSealed(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(sealedRoot)), sealedRoot).ShouldBeTrue();
    }

    /// <summary>Whether the sealed key is there as JSON would carry it.</summary>
    private static bool FindSealed(byte[] bytes, byte[] sealedRoot)
        => bytes.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(sealedRoot)[..40])) >= 0;
}
