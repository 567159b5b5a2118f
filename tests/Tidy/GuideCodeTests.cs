using System.Text.RegularExpressions;

namespace Pelago.Tests.Tidy;

/// <summary>C# in documents compiles and runs: each block stands, line by line, in a test.</summary>
public sealed partial class GuideCodeTests
{
    private const string Sources = "tests/Unit/Guide/";

    [Fact]
    public void Code_InDocuments_StandsInATest()
    {
        var sources = Repository.CSharp.Where(f => f.Path.StartsWith(Sources, StringComparison.Ordinal))
            .Select(f => f.Text).ToArray();
        var wrong =
            from file in Repository.Documents
            from Match block in Block().Matches(file.Text)
            let code = block.Groups["code"].Value
            where !sources.Any(s => s.Contains(code, StringComparison.Ordinal))
            select $"{file.Path}: {code.TrimStart().Split('\n')[0]} …";
        wrong.ShouldBeEmpty($"Put the block into a file of {Sources} as it stands.");
    }

    [GeneratedRegex("^```csharp\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}
