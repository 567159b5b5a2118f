using System.Text.Json;

namespace Pelago.Tests.EndToEnd;

/// <summary>What a stranger may send to a running world, with curl: each answer has a code and a next step, and nothing
/// changes.</summary>
public sealed class BadRequestTests(HostileWorld hostile) : HostileTest(hostile)
{
    private const string Region = "us-east-1";
    private const int LongestOfCurl = 64_000; // its HTTP/2 sends no more than 64 KiB of headers
    private const string Add = """{"sku":"moby-dick","quantity":1}""";

    private readonly string _file = Path.GetTempFileName();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public override ValueTask DisposeAsync()
    {
        File.Delete(_file);
        return base.DisposeAsync();
    }

    [Theory]
    [InlineData("POST", "/carts/7/items", "{", 400, "PLG2003")]
    [InlineData("POST", "/carts/7/items", "[]", 400, "PLG2003")]
    [InlineData("POST", "/carts/7/items", "", 400, "PLG2003")]
    [InlineData("POST", "/carts/7/items", """{"sku":"a","sku":"b","quantity":1}""", 400, "PLG2003")]
    [InlineData("POST", "/carts/7/items", """{"sku":7,"quantity":"two"}""", 422, "PLG2005")]
    [InlineData("POST", "/carts/7/items", """{"sku":"","quantity":1}""", 422, "PLG2005")]
    [InlineData("POST", "/carts/7/items", """{"sku":"a","quantity":1e99}""", 422, "PLG2005")]
    [InlineData("POST", "/carts/7/items", """{"sku":"a\u0000b","quantity":1}""", 422, "PLG2005")]
    [InlineData("POST", "/carts/7/items", """{"sku":"a/b","quantity":1}""", 422, "PLG2005")]
    [InlineData("POST", "/carts/7/items", """{"sku":"a\\b","quantity":1}""", 422, "PLG2005")]
    [InlineData("POST", "/carts/7/items", """{"sku":"a","quantity":1,"colour":"red"}""", 422, "PLG7001")]
    [InlineData("POST", "/carts/7/stock", Add, 404, "PLG7006")]
    [InlineData("POST", "/carts//items", Add, 404, "PLG7006")]
    [InlineData("POST", "/carts/%2e%2e/items", Add, 400, "PLG6007")]
    [InlineData("POST", "/carts/../items", Add, 400, "PLG6007")]
    [InlineData("POST", "/carts/a%0ab/items", Add, 400, "PLG6007")]
    [InlineData("POST", "/carts/a%7/items", Add, 400, "PLG6007")]
    [InlineData("PATCH", "/carts/7", Add, 405, "PLG7007")]
    [InlineData("PUT", "/books/moby-dick", """{"title":[],"author":{},"version":3}""", 422, "PLG2005")]
    public async Task Bookstore_BadRequest_IsAProblemAndChangesNothing(
        string method, string path, string body, int status, string code)
    {
        var before = await EventsAsync();
        var url = (await Hostile.RegionAsync(Region)).Services[0].Url;

        var answer = await Hostile.CurlAsync(
            "--request", method, "--header", "Content-Type: application/json", "--data-binary", body, url + path);

        ShouldBeProblem(answer, status, code);
        (await EventsAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task Bookstore_IdLongerThanTheLimit_IsRefused()
    {
        var url = (await Hostile.RegionAsync(Region)).Services[0].Url;
        var id = string.Concat(Enumerable.Repeat("%C3%A9", 128)); // 256 bytes
        ShouldBeProblem(await Hostile.CurlAsync(
            "--header", "Content-Type: application/json", "--data-binary", Add, $"{url}/carts/{id}/items"),
            400, "PLG2002");
    }

    [Fact]
    public async Task Bookstore_IdInAnyScript_IsKeptExactly()
    {
        var url = (await Hostile.RegionAsync(Region)).Services[0].Url;
        var (status, body) = await Hostile.CurlAsync(
            "--header", "Content-Type: application/json", "--data-binary", Add,
            $"{url}/carts/{Uri.EscapeDataString("日本 käse")}/items");
        status.ShouldBe(200, body);
        JsonDocument.Parse(body).RootElement.GetProperty("id").GetString().ShouldBe("日本 käse");
    }

    [Theory]
    [InlineData(1_000_000, "Content-Length", "PLG2004")] // over the service's limit
    [InlineData(1_000_000, "Transfer-Encoding: chunked", "PLG2004")]
    [InlineData(34_000_000, "Content-Length", "PLG6008")] // over the ingress's
    [InlineData(34_000_000, "Transfer-Encoding: chunked", null)] // whoever counts faster
    public async Task Bookstore_BodyOverTheLimit_Is413(int characters, string header, string? code)
    {
        var url = (await Hostile.RegionAsync(Region)).Services[0].Url;
        await File.WriteAllTextAsync(_file, $$"""{"sku":"{{new string('x', characters)}}","quantity":1}""", Stop);
        string[] chunked = header == "Content-Length" ? [] : ["--header", header];
        ShouldBeProblem(await Hostile.CurlAsync([
            "--header", "Content-Type: application/json", .. chunked, "--data-binary", "@" + _file,
            $"{url}/carts/7/items",
        ]), 413, code);
    }

    [Theory]
    [InlineData("Content-Type: text/plain", 415, "PLG2008")]
    [InlineData("Pelago-Causality: nonsense", 400, "PLG2006")]
    [InlineData("Idempotency-Key: two words", 400, "PLG2007")]
    public async Task Bookstore_BadHeader_IsAProblemAndChangesNothing(string header, int status, string code)
    {
        var before = await EventsAsync();
        var url = (await Hostile.RegionAsync(Region)).Services[0].Url;
        string[] type = header.StartsWith("Content-Type", StringComparison.Ordinal)
            ? [] : ["--header", "Content-Type: application/json"];
        ShouldBeProblem(await Hostile.CurlAsync(
            ["--header", header, .. type, "--data-binary", Add, $"{url}/carts/7/items"]), status, code);
        (await EventsAsync()).ShouldBe(before);
    }

    [Theory]
    [InlineData("GET", "/apis/pelago.dev/v1/namespaces/demo/services/nobody", "", 404, "PLG7003")]
    [InlineData("GET", "/apis/pelago.dev/v1/namespaces/demo/services/B%C3%BCcher", "", 404, "PLG7003")]
    [InlineData("GET", "/nothing", "", 404, "PLG7006")]
    [InlineData("PUT", "/apis/pelago.dev/v1/namespaces/demo/services/shop", "{", 400, "PLG2003")]
    [InlineData("PUT", "/apis/pelago.dev/v1/namespaces/demo/services/shop", "[]", 422, "PLG2005")]
    [InlineData("PUT", "/apis/pelago.dev/v1/namespaces/demo/services/shop",
        """{"apiVersion":"pelago.dev/v1","kind":"Service","metadata":{"name":7,"namespace":"demo"},"spec":{}}""",
        422, "PLG7002")]
    [InlineData("PUT", "/apis/pelago.dev/v1/namespaces/demo/services/ingress",
        """{"apiVersion":"pelago.dev/v1","kind":"Service","metadata":{"name":"ingress","namespace":"demo"}}""",
        422, "PLG7002")]
    [InlineData("PUT", "/apis/pelago.dev/v1/namespaces/demo/services/b%C3%BCcher",
        """{"apiVersion":"pelago.dev/v1","kind":"Service","metadata":{"name":"bücher","namespace":"demo"}}""",
        422, "PLG7002")]
    public async Task ExecutionApi_BadRequest_SaysWhatIsWrongAndChangesNothing(
        string method, string path, string body, int status, string code)
    {
        var before = (await Hostile.World.LookAsync("status", "-o", "name")).Output;
        var region = await Hostile.RegionAsync(Region);
        await File.WriteAllTextAsync(_file, $"Authorization: Bearer {await TokenAsync()}", Stop);

        var answer = await Hostile.CurlAsync(
            "--request", method, "--header", "Content-Type: application/json", "--header", "@" + _file,
            "--data-binary", body, region.ExecutionApi + path);

        answer.Status.ShouldBe(status, answer.Body);
        answer.Body.ShouldContain(code);
        (await Hostile.World.LookAsync("status", "-o", "name")).Output.ShouldBe(before);
    }

    [Fact]
    public async Task ExecutionApi_WithoutToken_Is401()
    {
        var region = await Hostile.RegionAsync(Region);
        ShouldBeProblem(await Hostile.CurlAsync(
            region.ExecutionApi + "/apis/pelago.dev/v1/services"), 401, "PLG3101");
    }

    public static TheoryData<string, string, int, string> OverLongIds()
    {
        var data = new TheoryData<string, string, int, string>();
        foreach (var http in (string[])["--http1.1", "--http2"])
        {
            data.Add(http, "{region}/apis/pelago.dev/v1/namespaces/demo/services/{id}", 404, "PLG7003");
            data.Add(http, "{region}/v1/verify/demo/bookstore/events?type=cart&id={id}", 422, "PLG2005");
            data.Add(http, "{region}/v1/services/demo/{id}", 404, "PLG7006");
            data.Add(http, "{federation}/v1/groups/{id}", 404, "PLG3108");
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(OverLongIds))]
    public async Task Apis_IdOfAnyLength_IsRefusedWithACode(string http, string address, int status, string code)
    {
        var world = await Hostile.World.StatusAsync();
        var at = address.Replace("{region}", (await Hostile.RegionAsync(Region)).ExecutionApi,
            StringComparison.Ordinal).Replace("{federation}", world.Federation.ManagementApi, StringComparison.Ordinal);
        await File.WriteAllTextAsync(_file, $"Authorization: Bearer {await TokenAsync()}", Stop);
        foreach (var length in (int[])[300, 9_000, LongestOfCurl])
        {
            var url = at.Replace("{id}", new string('a', length), StringComparison.Ordinal);

            var answer = await Hostile.CurlAsync(http, "--header", "@" + _file, url);

            answer.Status.ShouldBe(status, answer.Body);
            answer.Body.ShouldContain(code);
        }
    }

    [Theory]
    [InlineData("--http1.1", 9_000, 400, "PLG2002")]
    [InlineData("--http1.1", 40_000, 414, "PLG6012")]
    [InlineData("--http1.1", LongestOfCurl, 414, "PLG6012")]
    [InlineData("--http2", 9_000, 400, "PLG2002")]
    [InlineData("--http2", 40_000, 414, "PLG6012")]
    [InlineData("--http2", LongestOfCurl, 414, "PLG6012")]
    public async Task Bookstore_IdOfAnyLength_IsRefusedWithACode(string http, int length, int status, string code)
    {
        var url = (await Hostile.RegionAsync(Region)).Services[0].Url;

        ShouldBeProblem(await Hostile.CurlAsync(http, $"{url}/carts/{new string('a', length)}"), status, code);
    }

    private async Task<string> TokenAsync()
        => (await File.ReadAllTextAsync((await Hostile.World.StatusAsync()).AdminToken, Stop)).Trim();

    /// <summary>How many events of the bookstore each region holds: what a refused request must not add to.</summary>
    private async Task<string> EventsAsync() => string.Join('\n',
        (await Hostile.World.LookAsync("verify")).ShouldExitWith(0).Output.Split('\n')
            .Where(line => line.StartsWith("demo/bookstore ", StringComparison.Ordinal)));

    private static void ShouldBeProblem((int Status, string Body) answer, int status, string? code)
    {
        answer.Status.ShouldBe(status, answer.Body);
        var problem = JsonDocument.Parse(answer.Body).RootElement;
        if (code is not null)
            problem.GetProperty("code").GetString().ShouldBe(code);
        problem.GetProperty("status").GetInt32().ShouldBe(status);
        problem.GetProperty("detail").GetString().ShouldNotBeNullOrEmpty();
        problem.GetProperty("next").GetString().ShouldNotBeNullOrEmpty();
    }
}
