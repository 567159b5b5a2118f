using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk;
using Pelago.Tests.Unit.Entities;
using Pelago.Tests.Unit.Guide;

namespace Pelago.Tests.Unit.Sdk;

/// <summary>A service that runs alone, over real HTTP.</summary>
public sealed class ServiceTests : IAsyncLifetime
{
    private const string Word = """{"word":"x","times":1}""";

    private readonly string directory = Directory.CreateTempSubdirectory("pelago-sdk-").FullName;
    private readonly HttpClient http = new();
    private readonly BodyWatch watch = new();
    private WebApplication app = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Pelago:DataDirectory"] = directory, ["Pelago:MaxRequestBodyKibibytes"] = "4",
        });
        builder.Services.AddSingleton<IStartupFilter>(watch);
        builder.AddPelago(p => p.Entity<Tally>().Entity<Deed>());
        app = builder.Build();
        app.MapPost("/tallies/{id}", async (string id, HttpContext context, IEntities entities, CancellationToken ct) =>
        {
            using var fields = await RequestFields.ReadAsync(context, ct);
            var (word, times) = (fields.Text("word", 1, 10), fields.Number("times", 1, 5));
            fields.ThrowIfInvalid();
            var count = 0;
            for (var i = 0; i < times; i++)
                count = await entities.Get<Tally>(id).Send(new Note(word), ct);
            await context.Response.WriteAsync($"{count}", ct);
        });
        app.MapGet("/tallies/{id}", async (string id, HttpContext context, IEntities entities, CancellationToken ct)
            => await context.Response.WriteAsync(await entities.Get<Tally>(id)
                .Read(t => string.Join(' ', t.Words), ct), ct));
        app.MapDeeds();
        app.MapGet("/caller", (HttpContext context) => context.Response.WriteAsync(
            $"[{context.Request.Headers["Pelago-Client"]}{context.Request.Headers["Pelago-Ingress-Secret"]}]",
            context.RequestAborted));
        app.MapGet("/bug", string () => throw new InvalidOperationException("a secret detail"));
        await app.StartAsync(TestContext.Current.CancellationToken);
        http.BaseAddress = new Uri(app.Urls.Single());
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.StopAsync(CancellationToken.None); // disposing alone leaves the journal open
        await app.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Answer_ToAWrite_NamesRegionAndCarriesAToken()
    {
        using var response = await PostAsync("/tallies/a", """{"word":"x","times":2}""");
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Headers.GetValues("Pelago-Region").ShouldBe(["local"]);
        var token = response.Headers.GetValues("Pelago-Causality").Single();
        using var read = new HttpRequestMessage(HttpMethod.Get,
            "/tallies/a") { Headers = { { "Pelago-Causality", token } } };
        using var answer = await http.SendAsync(read, TestContext.Current.CancellationToken);
        (await TextAsync(answer)).ShouldBe("x x");
    }

    [Fact]
    public async Task Request_RepeatedWithItsKey_HappensOnce()
    {
        for (var i = 0; i < 3; i++)
        {
            using var response = await PostAsync("/tallies/a", """{"word":"x","times":3}""", ("Idempotency-Key", "k1"));
            (await TextAsync(response)).ShouldBe("3");
        }
        using var read = await http.GetAsync("/tallies/a", TestContext.Current.CancellationToken);
        (await TextAsync(read)).ShouldBe("x x x");
    }

    [Theory]
    [InlineData("local")]
    [InlineData("1")]
    [InlineData("majority")]
    public async Task Level_ThatOneRegionMeets_IsAnswered(string level)
    {
        using var response = await PostAsync("/tallies/a", Word, ("Pelago-Acknowledge", level));
        (await TextAsync(response)).ShouldBe("1");
    }

    [Fact]
    public async Task Level_ThatTheServiceAsksFor_IsRefusedWhereItCannotBe()
    {
        using var response = await PostAsync("/deeds/a/signatures", "{}", ("Pelago-Acknowledge", "local"));
        await ShouldBeProblem(response, "PLG5021", 422);
    }

    [Theory]
    [InlineData("2", "PLG5021", 422)]
    [InlineData("all", "PLG2005", 422)]
    [InlineData("", "PLG2005", 422)]
    public async Task Level_ThatCannotBe_IsRefusedAndChangesNothing(string level, string code, int status)
    {
        using var response = await PostAsync("/tallies/a", Word, ("Pelago-Acknowledge", level));
        await ShouldBeProblem(response, code, status);
        using var read = await http.GetAsync("/tallies/a", TestContext.Current.CancellationToken);
        (await TextAsync(read)).ShouldBe("");
    }

    [Theory]
    [InlineData("/tallies/a", """{"word":"y","times":1}""")]
    [InlineData("/tallies/a?note=1", """{"word":"x","times":1}""")]
    public async Task Request_OtherThanItsKeyStandsFor_IsRefusedAndChangesNothing(string path, string body)
    {
        const string Original = """{"word":"x","times":1}""";
        using var first = await PostAsync("/tallies/a", Original, ("Idempotency-Key", "k1"));
        first.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var other = await PostAsync(path, body, ("Idempotency-Key", "k1"));
        (await ShouldBeProblem(other, "PLG5015", 422)).GetProperty("field").GetString().ShouldBe("Idempotency-Key");
        using var again = await PostAsync("/tallies/a", Original, ("Idempotency-Key", "k1"));
        (await TextAsync(again)).ShouldBe("1", "the refusal took nothing from the first");
        using var read = await http.GetAsync("/tallies/a", TestContext.Current.CancellationToken);
        (await TextAsync(read)).ShouldBe("x");
    }

    [Theory]
    [InlineData("order#")]
    [InlineData("order#2x")]
    [InlineData("4711")]
    public async Task Request_WithAKeyThatOnlyResemblesANumberedOne_IsTaken(string key)
    {
        using var response = await PostAsync("/tallies/a", Word, ("Idempotency-Key", key));
        (await TextAsync(response)).ShouldBe("1");
    }

    [Fact]
    public void Keys_OfARequestsFurtherCommands_AreNoneThatAClientMaySend()
    {
        var scope = new CausalityScope(CausalityToken.Empty, "order");
        scope.NextKey().ShouldBe("order");
        for (var command = 2; command < 12; command++)
        {
            // As journals of every build hold them.
            var key = scope.NextKey();
            key.ShouldBe($"order#{command}");
            CausalityScope.IsNumbered(key).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Request_WithAKeyAndALargeBody_IsRefusedAsWithout()
    {
        var body = $$"""{"word":"{{new string('x', 300_000)}}","times":1}""";
        using var response = await PostAsync("/tallies/a", body, ("Idempotency-Key", "k1"));
        await ShouldBeProblem(response, "PLG2004", 413);
    }

    [Theory]
    [InlineData("2.5", "Send it without a fraction or an exponent.")]
    [InlineData("1e400", "Nearest allowed: 5.")]
    [InlineData("-1e400", "Nearest allowed: 1.")]
    [InlineData("5.5", "Nearest allowed: 5.")]
    [InlineData("0", "Nearest allowed: 1.")]
    public async Task Number_ThatMayNotBe_IsAnsweredWithWhatMay(string times, string next)
    {
        using var response = await PostAsync("/tallies/a", $$"""{"word":"x","times":{{times}}}""");
        var problem = await ShouldBeProblem(response, "PLG2005", 422);
        problem.GetProperty("detail").GetString().ShouldBe("The field 'times' must be a whole number from 1 to 5.");
        problem.GetProperty("next").GetString().ShouldBe(next);
    }

    [Fact]
    public async Task Text_ThatIsNoUtf8_IsCalledThat()
    {
        using var content = new ByteArrayContent([.. "{\"times\":1,\"word\":\""u8, 0xff, .. "\"}"u8]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await http.PostAsync("/tallies/a", content, TestContext.Current.CancellationToken);
        (await ShouldBeProblem(response, "PLG2005", 422)).GetProperty("detail").GetString()
            .ShouldBe("The field 'word' is not valid UTF-8.");
    }

    [Theory]
    [InlineData("utf-16", false)]
    [InlineData("us-ascii", false)]
    [InlineData("UTF-8", true)]
    [InlineData("\"utf-8\"", true)]
    public async Task Body_DeclaredInACharset_IsTakenInUtf8Only(string charset, bool taken)
    {
        using var content = new ByteArrayContent("""{"word":"x","times":1}"""u8.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", $"application/json; charset={charset}");
        using var response = await http.PostAsync("/tallies/a", content, TestContext.Current.CancellationToken);
        if (taken)
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        else
            await ShouldBeProblem(response, "PLG2008", 415);
    }

    [Fact]
    public async Task Rule_ThatIsASentence_EndsWithOneFullStop()
    {
        using var fields = await FieldsAsync();
        fields.Add("sku", "is no valid sku: The id must not be '.' or '..'.", "");
        fields.Text("word", 1, 10);
        Should.Throw<InvalidRequestException>(fields.ThrowIfInvalid).Failures.Single().Message
            .ShouldBe("The field 'sku' is no valid sku: The id must not be '.' or '..'.");
    }

    private static ValueTask<RequestFields> FieldsAsync()
    {
        var context = new DefaultHttpContext();
        context.Request.ContentType = "application/json";
        context.Request.Body = new MemoryStream("""{"word":"x"}"""u8.ToArray());
        return RequestFields.ReadAsync(context, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("{", "PLG2003", 400)]
    [InlineData("", "PLG2003", 400)]
    [InlineData("[]", "PLG2003", 400)]
    [InlineData("""{"word":"x","times":1,"word":"y"}""", "PLG2003", 400)]
    [InlineData("""{"word":"x","times":1,"\ud800":1}""", "PLG2003", 400)]
    [InlineData("""{"word":["x"],"times":1}""", "PLG2005", 422)]
    [InlineData("""{"word":"x","times":"1"}""", "PLG2005", 422)]
    [InlineData("""{"word":"\ud800","times":1}""", "PLG2005", 422)]
    [InlineData("""{"word":"x","times":1.5}""", "PLG2005", 422)]
    [InlineData("""{"word":"x","times":1,"wrod":"y"}""", "PLG7001", 422)]
    public async Task Body_ThatIsWrong_IsAProblemWithItsCode(string body, string code, int status)
    {
        using var response = await PostAsync("/tallies/a", body);
        await ShouldBeProblem(response, code, status);
    }

    [Fact]
    public async Task Body_GivingAMemberTwice_NamesTheMember()
    {
        using var response = await PostAsync("/tallies/a", """{"word":"x","times":1,"word":"y"}""");
        (await ShouldBeProblem(response, "PLG2003", 400)).GetProperty("detail").GetString()
            .ShouldBe("The body gives the member 'word' twice.");
    }

    [Fact]
    public async Task Body_WithSeveralWrongFields_HearsOfAll()
    {
        using var response = await PostAsync("/tallies/a", """{"word":7,"times":99,"more":1}""");
        var problem = await ShouldBeProblem(response, "PLG2005", 422);
        problem.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("field").GetString())
            .ShouldBe(["word", "times", "more"]);
    }

    [Theory]
    [InlineData(5_000, true)]
    [InlineData(5_000, false)]
    [InlineData(8_000_000, true)] // more than the buffers between: the sender is still writing when it is refused
    [InlineData(8_000_000, false)]
    public async Task Body_OverTheLimit_IsRefusedAndTheSenderHearsIt(int characters, bool lengthKnown)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/tallies/a")
        {
            Content = new StringContent($$"""{"word":"{{new string('x', characters)}}","times":1}""", Encoding.UTF8,
                new MediaTypeHeaderValue("application/json")),
        };
        request.Headers.TransferEncodingChunked = !lengthKnown;
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        await ShouldBeProblem(response, "PLG2004", 413);
        (await watch.Left).ShouldBe(0, "what is left of a body is read, however long its sender takes");
    }

    [Fact]
    public async Task Body_InMoreFramingThanAnIngressLetsThroughData_IsRefusedAndTheSenderHearsIt()
    {
        var stop = TestContext.Current.CancellationToken;
        using var client = new TcpClient();
        await client.ConnectAsync(http.BaseAddress!.Host, http.BaseAddress.Port, stop);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            "POST /tallies/a HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"), stop);
        // Six bytes on the wire for one of the body: 36 MB for 6 MB, which is more than the server takes of a body by
        // itself (30 MB), all of it before a byte of the answer is read.
        var chunks = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("1\r\nx\r\n", 15_000)));
        for (var i = 0; i < 400; i++)
            await stream.WriteAsync(chunks, stop);
        await stream.WriteAsync("0\r\n\r\n"u8.ToArray(), stop);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var answer = await reader.ReadToEndAsync(stop);
        answer.ShouldStartWith("HTTP/1.1 413 ");
        answer.ShouldContain("PLG2004");
    }

    [Fact]
    public async Task Body_OfAnotherMediaType_IsRefused()
    {
        using var content = new StringContent("word=x", Encoding.UTF8, "text/plain");
        using var response = await http.PostAsync("/tallies/a", content, TestContext.Current.CancellationToken);
        await ShouldBeProblem(response, "PLG2008", 415);
    }

    [Theory]
    [InlineData("/tallies/a%2fb")]
    [InlineData("/tallies/%ff")]
    public async Task Path_ThatCouldNameTwoThings_IsRefusedByTheServiceItself(string path)
    {
        var asWritten = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri(http.BaseAddress + path[1..], asWritten));
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        await ShouldBeProblem(response, "PLG6007", 400);
    }

    [Fact]
    public async Task Address_ThatDoesNotExist_IsAProblem()
    {
        using var response = await http.GetAsync("/nothing", TestContext.Current.CancellationToken);
        await ShouldBeProblem(response, "PLG7006", 404);
    }

    [Fact]
    public async Task Method_ThatTheAddressDoesNotTake_IsAProblem()
    {
        using var response = await http.DeleteAsync("/tallies/a", TestContext.Current.CancellationToken);
        await ShouldBeProblem(response, "PLG7007", 405);
    }

    [Fact]
    public async Task Handler_ThatFails_TellsTheCallerNothingOfTheInside()
    {
        using var response = await http.GetAsync("/bug", TestContext.Current.CancellationToken);
        (await ShouldBeProblem(response, ErrorCodes.Unexpected.Code, 500)).GetRawText().ShouldNotContain("secret");
    }

    [Theory]
    [InlineData("Pelago-Causality", "nonsense", "PLG2006")]
    [InlineData("Idempotency-Key", "two words", "PLG2007")]
    [InlineData("Idempotency-Key", "order#2", "PLG2007")]
    [InlineData("Idempotency-Key", "#17", "PLG2007")]
    public async Task Header_ThatIsWrong_IsRefusedAndChangesNothing(string name, string value, string code)
    {
        using var response = await PostAsync("/tallies/a", """{"word":"x","times":1}""", (name, value));
        await ShouldBeProblem(response, code, 400);
        using var read = await http.GetAsync("/tallies/a", TestContext.Current.CancellationToken);
        (await TextAsync(read)).ShouldBe("");
    }

    [Fact]
    public async Task Identity_ThatAStrangerClaims_IsDropped()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/caller");
        request.Headers.Add("Pelago-Client", "cart.demo.svc.eu-west-1.apps.pelago.localhost");
        request.Headers.Add("Pelago-Ingress-Secret", "guess");
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        (await TextAsync(response)).ShouldBe("[]");
    }

    [Theory]
    [InlineData(300)]
    [InlineData(32_000)]
    public async Task Id_ThatIsTooLong_IsRefused(int length)
    {
        using var response = await PostAsync($"/tallies/{new string('a', length)}", """{"word":"x","times":1}""");
        await ShouldBeProblem(response, "PLG2002", 400);
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string body,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")),
        };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static async Task<JsonElement> ShouldBeProblem(HttpResponseMessage response, string code, int status)
    {
        ((int)response.StatusCode).ShouldBe(status);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = JsonDocument.Parse(await TextAsync(response)).RootElement.Clone();
        problem.GetProperty("code").GetString().ShouldBe(code);
        return problem;
    }

    private static Task<string> TextAsync(HttpResponseMessage response)
        => response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
}
