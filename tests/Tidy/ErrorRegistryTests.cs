using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Pelago.Model;

namespace Pelago.Tests.Tidy;

/// <summary>The registry of errors and its page, docs/errors.md, which is generated from it.</summary>
public sealed partial class ErrorRegistryTests
{
    private static readonly Dictionary<char, string> Subjects = new()
    {
        ['1'] = "Command line and worlds",
        ['2'] = "Input",
        ['3'] = "Trust",
        ['4'] = "Journal",
        ['5'] = "Entities and replication",
        ['6'] = "Ingress",
        ['7'] = "Resources and workloads",
        ['8'] = "Traffic, wide area network and drills",
    };

    private const string Introduction = """
        # Errors

        Every error that Pelago reports has a code that never changes its meaning. The message that comes with it says
        what went wrong and what to do next. *Exit* is the exit code of the command that it ends, *HTTP* the status of
        the answer that carries it (as `code` in problem details). This page is generated from the registry in
        `src/Pelago.Model/Errors/`: `PELAGO_UPDATE=1 ./pelago test tidy` writes it.

        """;

    [Fact]
    public void Codes_AllOfThem_AreWellFormed()
    {
        var wrong = ErrorCodes.All.Values.Where(error =>
            !Code().IsMatch(error.Code)
            || error.Title.Length is < 3 or > 60
            || error.ExitCode is not 130 and (< 1 or > 8)
            || error.HttpStatus is < 400 or > 599
        );
        wrong.ShouldBeEmpty(
            "PLG and four digits, a short title, an exit code of 1 to 8 or 130, a status of 400 to 599");
    }

    [Fact]
    public void Codes_UsedAnywhere_AreRegistered()
    {
        var wrong = from file in Repository.Files
                    where Path.GetExtension(file.Path) is ".cs" or ".sh" or ".md" or "" or ".proto"
                    where file.Path != "docs/errors.md"
                    from Match match in UsedCode().Matches(file.Text)
                    where !ErrorCodes.All.ContainsKey(match.Value)
                    select $"{file.Path}: {match.Value}";
        wrong.Distinct().ShouldBeEmpty();
    }

    [Fact]
    public void Page_OfErrors_IsTheRegistry()
        => Pinned.Check("docs/errors.md", Page());

    private static string Page()
    {
        var sentences = Sentences();
        var page = new StringBuilder();
        page.Append(Introduction);
        foreach (var subject in ErrorCodes.All.Values.GroupBy(error => error.Code[3]))
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {subject.Key}xxx: {Subjects[subject.Key]}\n\n");
            page.Append("| code | title | exit | HTTP | meaning |\n| --- | --- | ---: | ---: | --- |\n");
            foreach (var error in subject)
            {
                page.Append(
                    CultureInfo.InvariantCulture,
                    $"| {error.Code} | {error.Title} | {error.ExitCode} | {error.HttpStatus} | "
                        + $"{sentences.GetValueOrDefault(error.Code, "")} |\n"
                );
            }
        }
        return page.ToString();
    }

    /// <summary>The summary of each field of the registry, by its code.</summary>
    private static Dictionary<string, string> Sentences()
    {
        var sentences = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (
            var file in Repository.Product.Where(file =>
                file.Path.StartsWith("src/Pelago.Model/Errors/", StringComparison.Ordinal)
            )
        )
        {
            foreach (var field in file.Syntax.DescendantNodes().OfType<FieldDeclarationSyntax>())
            {
                var code = UsedCode().Match(field.ToString());
                var summary = Summary().Match(field.ToFullString());
                if (code.Success && summary.Success)
                    sentences[code.Value] = Plain(summary.Groups["text"].Value);
            }
        }
        return sentences;
    }

    private static string Plain(string xml)
    {
        var text = Slashes().Replace(xml, " ");
        text = Tag()
            .Replace(text, match => match.Groups["name"].Value is { Length: > 0 } name ? name.Split('.')[^1] : "");
        return Blanks()
            .Replace(text, " ")
            .Trim()
            .Replace("|", "\\|", StringComparison.Ordinal)
            .Replace("&lt;", "<", StringComparison.Ordinal)
            .Replace("&gt;", ">", StringComparison.Ordinal)
            .Replace("&amp;", "&", StringComparison.Ordinal);
    }

    [GeneratedRegex("^PLG[1-8][0-9]{3}$")]
    private static partial Regex Code();

    [GeneratedRegex(@"\bPLG[0-9]{4}\b")]
    private static partial Regex UsedCode();

    [GeneratedRegex("<summary>(?<text>.*?)</summary>", RegexOptions.Singleline)]
    private static partial Regex Summary();

    [GeneratedRegex(@"\n\s*///")]
    private static partial Regex Slashes();

    [GeneratedRegex("<(see|paramref) (cref|name|langword)=\"(?<name>[^\"]*)\" ?/>|</?[a-z]+>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
