using System.Text.RegularExpressions;

namespace Pelago.Tests.Tidy;

/// <summary>The .proto files are the specification of what is stored and sent: every message is explained, and
/// they change only when the pinned copy changes with them.</summary>
public sealed partial class ProtoTests
{
    [Fact]
    public void Messages_AllOfThem_AreExplained()
    {
        var wrong = from file in Protos()
                    from index in Enumerable.Range(0, file.Lines.Count)
                    where Declaration().IsMatch(file.Lines[index]) && !IsExplained(file, index)
                    select $"{file.Path}:{index + 1}: {file.Lines[index].Trim()}";
        wrong.ShouldBeEmpty("A comment stands above or beside each message and enum, or opens it.");
    }

    [Fact]
    public void Formats_SentAndStored_ArePinned()
        => Pinned.Check("docs/internals/formats.txt", string.Concat(Protos().Select(file =>
            $"== {file.Path}\n{string.Concat(Bare(file).Select(line => line + "\n"))}\n")));

    private static IEnumerable<SourceFile> Protos()
        => Repository.Files.Where(file => file.Path.StartsWith("src/", StringComparison.Ordinal)
            && file.Path.EndsWith(".proto", StringComparison.Ordinal));

    /// <summary>The file without comments and blank lines: what goes over the wire and to disk depends on nothing
    /// else.</summary>
    private static IEnumerable<string> Bare(SourceFile file)
        => file.Lines.Select(line => line.Split("//")[0].TrimEnd()).Where(line => line.Length > 0);

    private static bool IsExplained(SourceFile file, int index) =>
        file.Lines[index].Contains("//", StringComparison.Ordinal)
        || (index > 0 && file.Lines[index - 1].TrimStart().StartsWith("//", StringComparison.Ordinal))
        || (
            index + 1 < file.Lines.Count && file.Lines[index + 1].TrimStart().StartsWith("//", StringComparison.Ordinal)
        );

    [GeneratedRegex(@"^\s*(message|enum)\s+\w+")]
    private static partial Regex Declaration();
}
