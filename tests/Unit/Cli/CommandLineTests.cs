using Pelago.Cli;
using Pelago.Client;

namespace Pelago.Tests.Unit;

public sealed class CommandLineTests : IDisposable
{
    private readonly DirectoryInfo _empty = Directory.CreateTempSubdirectory("pelago-cli-");

    public void Dispose() => _empty.Delete(recursive: true);

    [Theory]
    [InlineData(2, "PLG1201", "no-such-verb")]
    [InlineData(2, "Did you mean 'status'?", "statsu")]
    [InlineData(2, "Did you mean '--port-base'?", "up", "--prot-base", "8000")]
    [InlineData(2, "PLG1202", "up", "--port-base", "80")]
    [InlineData(2, "PLG1202", "up", "--port-base", "many")]
    [InlineData(2, "PLG1202", "up", "--wan", "gcp")]
    [InlineData(2, "PLG1202", "status", "-o", "xml")]
    [InlineData(2, "PLG1202", "regions", "stop")]
    [InlineData(2, "PLG1202", "regions", "add")]
    [InlineData(2, "PLG2001", "regions", "add", "Not_A_Name")]
    [InlineData(2, "PLG1202", "regions", "add", "sa-east-1", "--timeout-minutes", "0")]
    [InlineData(3, "PLG1101", "regions", "add", "sa-east-1")]
    [InlineData(3, "PLG1101", "regions", "remove", "sa-east-1")]
    [InlineData(2, "PLG1202", "subject", "erase", "bookstore")]
    [InlineData(2, "PLG2002: The subject is empty", "subject", "erase", "bookstore", "")]
    [InlineData(2, "PLG2002: The subject holds the control character U+000A", "subject", "erase", "shop", "a\nb")]
    [InlineData(2, "PLG2002: The subject must not be '.'", "subject", "erase", "bookstore", "..")]
    [InlineData(2, "PLG2001", "subject", "erase", "Not_A_Name", "c1")]
    [InlineData(2, "PLG2001", "subject", "erase", "bookstore", "c1", "--project", "pelago")]
    [InlineData(2, "PLG1202", "subject", "erase", "bookstore", "c1", "--timeout-seconds", "-1")]
    [InlineData(3, "PLG1101", "subject", "erase", "bookstore", "c1", "--yes")]
    [InlineData(2, "PLG2001: The value of --type", "journal", "compact", "bookstore", "--type", "Not A Type")]
    [InlineData(2, "PLG1202", "wan")]
    [InlineData(2, "PLG1202", "wan", "cut")]
    [InlineData(3, "PLG1305", "deploy", "/no/such/directory")]
    [InlineData(2, "PLG1202: DIR must not be empty", "deploy", "")]
    [InlineData(2, "The value of --project must not be 'pelago', which is Pelago's own. Choose another project",
        "deploy", "/", "--name", "region", "--project", "pelago", "--dry-run")]
    [InlineData(2, "The value of --project must begin with a letter",
        "deploy", "/", "--name", "shop", "--project", "Retail", "--dry-run")]
    [InlineData(3, "PLG1101", "status")]
    [InlineData(3, "PLG1101", "down")]
    [InlineData(3, "PLG1101", "verify")]
    [InlineData(3, "PLG1101", "logs")]
    [InlineData(3, "PLG1101", "doctor")]
    [InlineData(3, "PLG1101", "wan", "cut", "eu-west-1")]
    [InlineData(1, "PLG1109", "wan", "run", "--home", "/no/such/home")]
    [InlineData(1, "PLG1109", "supervise", "--home", "/no/such/home")]
    public async Task Run_BadInput_OneLineWithCodeAndExitCode(int exitCode, string says, params string[] words)
    {
        var (code, output, error) = await RunAsync([.. words, "--data", _empty.FullName]);
        error.ShouldContain(says);
        code.ShouldBe(exitCode, error);
        output.ShouldBeEmpty();
        error.ShouldStartWith("error PLG");
        error.ShouldNotContain("   at ");
        error.TrimEnd().ShouldNotContain("\n");
        Directory.GetFileSystemEntries(_empty.FullName).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("up", "--help")]
    [InlineData("regions", "stop", "--help")]
    [InlineData("regions", "add", "--help")]
    [InlineData("regions", "remove", "--help")]
    [InlineData("wan", "cut", "-h")]
    [InlineData("subject", "erase", "--help")]
    public async Task Help_AnyVerb_BeginsWithExamples(params string[] words)
    {
        var (code, output, error) = await RunAsync(words);
        code.ShouldBe(0, error);
        output.ShouldStartWith("Examples:");
        output.ShouldContain("Usage:");
        error.ShouldBeEmpty();
    }

    [Fact]
    public async Task Version_Formats_AreData()
    {
        (await RunAsync(["version"])).Output.ShouldBe($"pelago {BuildIdentity.Current.Version}\n");
        (await RunAsync(["version", "-o", "json"])).Output
            .ShouldContain($"\"version\": \"{BuildIdentity.Current.Version}\"");
        (await RunAsync(["version", "-o", "yaml"])).Output.ShouldContain($"version: {BuildIdentity.Current.Version}");
    }

    [Fact]
    public async Task Output_ThatCannotBeWritten_IsSaid()
    {
        using var full = new Full();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(["version"],
            new Terminal(full, error, colourOutput: false, colourError: false), TimeProvider.System,
            TestContext.Current.CancellationToken);
        error.ToString().ShouldStartWith("error PLG1116: A file cannot be used: ");
        code.ShouldBe(1);
    }

    [Theory]
    [InlineData("up", "--port-base", "x")]
    [InlineData("up", "--log-limit-mib", "abc")]
    [InlineData("up", "--log-limit-mib", "0")]
    [InlineData("up", "--log-limit-mib", "1.5")]
    [InlineData("verify", "--settle-seconds", "soon")]
    [InlineData("verify", "--settle-seconds", "NaN")]
    [InlineData("logs", "--lines", "x")]
    [InlineData("logs", "-n", "-1")]
    [InlineData("wan", "set", "us-east-1", "eu-west-1", "--delay-ms", "much")]
    [InlineData("wan", "set", "us-east-1", "eu-west-1", "--delay-ms", "1e400")]
    public async Task Number_ThatIsNone_NamesTheOptionAndItsRule(params string[] words)
    {
        var (code, _, error) = await RunAsync(words);
        code.ShouldBe(2, error);
        error.ShouldStartWith("error PLG1202: --");
        error.ShouldContain("must be a number");
    }

    [Theory]
    [InlineData("status", "statsu", 1)]
    [InlineData("down", "dwon", 1)]
    [InlineData("up", "", 2)]
    [InlineData("verify", "verfy", 1)]
    public void Spelling_Distance_CountsEdits(string a, string b, int distance)
        => Spelling.Distance(a, b).ShouldBe(distance);

    private static async Task<(int Code, string Output, string Error)> RunAsync(string[] words)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(output, error, colourOutput: false, colourError: false);
        var code = await CommandLine.RunAsync(
            words, terminal, TimeProvider.System, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    private sealed class Full : StringWriter
    {
        public override void WriteLine(string? value) => throw new IOException("No space left on device");
    }
}
