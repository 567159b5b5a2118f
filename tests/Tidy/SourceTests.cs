using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pelago.Tests.Tidy;

/// <summary>What no source may hold: unfinished work, skipped or sleeping tests, silent suppressions, unfit
/// inheritance.</summary>
public sealed partial class SourceTests
{
    private static readonly string[] TestAttributes = ["Fact", "Theory"];

    [Fact]
    public void Sources_Everywhere_HoldNoUnfinishedWork()
    {
        var wrong =
            from file in Repository.Files
            where Path.GetExtension(file.Path) is ".cs" or ".sh" or ".proto" or ".props" or ".csproj" or ".md" or ""
            where file.Path != "tests/Tidy/SourceTests.cs"
            from line in file.Lines.Select((text, index) => (Text: text, Number: index + 1))
            where Unfinished().IsMatch(line.Text)
            select $"{file.Path}:{line.Number}: {line.Text.Trim()}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Sources_Everywhere_DoNotTellHowTheyWereMade()
    {
        var wrong = from file in Repository.Files
                    where Path.GetExtension(file.Path) is not ".png"
                    where file.Path != "tests/Tidy/SourceTests.cs"
                    from line in file.Lines.Select((text, index) => (Text: text, Number: index + 1))
                    where Workplace().IsMatch(line.Text)
                    select $"{file.Path}:{line.Number}: {line.Text.Trim()}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void LogMessages_OfARoom_HaveNumbersOfTheirOwn()
    {
        var messages =
            from file in Repository.Product
            from method in file.Syntax.DescendantNodes().OfType<MethodDeclarationSyntax>()
            from attribute in method.AttributeLists.SelectMany(list => list.Attributes)
            where attribute.Name.ToString() == "LoggerMessage"
            select (Room: file.Path.Split('/')[1],
                Number: attribute.ArgumentList?.Arguments.FirstOrDefault()?.ToString(), At: file.At(attribute));
        var all = messages.ToArray();
        all.Length.ShouldBeGreaterThan(50, "they are found");
        all.Where(m => m.Number is not { } number || !number.All(char.IsAsciiDigit)).Select(m => m.At)
            .ShouldBeEmpty("A message begins with its number.");
        all.GroupBy(m => (m.Room, m.Number)).Where(g => g.Count() > 1)
            .Select(g => $"{g.Key.Room} has {g.Key.Number} more than once: {string.Join(", ", g.Select(m => m.At))}")
            .ShouldBeEmpty();
    }

    [Fact]
    public void Tests_AllOfThem_Run()
    {
        var wrong =
            from file in Tests()
            from argument in file.Syntax.DescendantNodes().OfType<AttributeArgumentSyntax>()
            where
                argument.NameEquals?.Name.Identifier.Text
                    is "Skip"
                        or "SkipWhen"
                        or "SkipUnless"
                        or "SkipExceptions"
                        or "Explicit"
            select $"{file.At(argument)}: {argument}";
        var called =
            from file in Tests()
            from call in file.Syntax.DescendantNodes().OfType<InvocationExpressionSyntax>()
            where call.Expression.ToString() is "Assert.Skip" or "Assert.SkipWhen" or "Assert.SkipUnless"
            select $"{file.At(call)}: {call}";
        wrong.Concat(called).ShouldBeEmpty("A test that cannot run here fails and says what it needs.");
    }

    [Fact]
    public void Tests_AllOfThem_WaitForConditionsAndNeverSleep()
    {
        var wrong =
            from file in Tests()
            where !file.Path.EndsWith("/Eventually.cs", StringComparison.Ordinal) // the one place that polls
            from call in file.Syntax.DescendantNodes().OfType<InvocationExpressionSyntax>()
            where
                call.Expression.ToString()
                    is "Task.Delay"
                        or "Thread.Sleep"
                        or "Thread.SpinWait"
                        or "SpinWait.SpinUntil"
            where !IsEndless(call)
            select $"{file.At(call)}: {call}";
        wrong.ShouldBeEmpty("Poll a condition through Eventually, or drive a fake clock.");
    }

    [Fact]
    public void UnitTests_AllOfThem_StartNoProcess()
    {
        string[] starters = ["Process", "ProcessStartInfo", "ProcessSpec", "DetachedProcess", "RoleProcesses"];
        var wrong =
            from file in Tests()
            where file.Path.StartsWith("tests/Unit/", StringComparison.Ordinal)
                || file.Path.StartsWith("tests/Shared/", StringComparison.Ordinal)
            from name in file.Syntax.DescendantNodes().OfType<IdentifierNameSyntax>()
            where starters.Contains(name.Identifier.Text)
            select $"{file.At(name)}: {name}";
        wrong.ShouldBeEmpty("Unit tests need nothing but .NET. What starts a program is another suite's.");
    }

    [Fact]
    public void Suppressions_AllOfThem_GiveAReason()
    {
        var wrong =
            from file in Repository.CSharp
            from trivia in file.Syntax.DescendantTrivia()
            where trivia.IsKind(SyntaxKind.PragmaWarningDirectiveTrivia)
            let text = trivia.ToString()
            where text.Contains("disable", StringComparison.Ordinal) && !text.Contains("//", StringComparison.Ordinal)
            select $"{file.Path}:{trivia.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: {text}";
        var attributes =
            from file in Repository.CSharp
            from attribute in file.Syntax.DescendantNodes().OfType<AttributeSyntax>()
            where attribute.Name.ToString() is "SuppressMessage"
            where !attribute.ToString().Contains("Justification", StringComparison.Ordinal)
            select $"{file.At(attribute)}: {attribute}";
        wrong
            .Concat(attributes)
            .ShouldBeEmpty("Say beside the suppression why it is right: #pragma warning disable X // reason");
    }

    [Fact]
    public void Catches_ThatSwallowEverything_GiveAReason()
    {
        var wrong = from file in Repository.Product
                    from clause in file.Syntax.DescendantNodes().OfType<CatchClauseSyntax>()
                    where clause.Filter is null && clause.Declaration?.Type.ToString() is null or "Exception"
                    where clause.Block.Statements.Count == 0
                    where !clause.ToFullString().Contains("//", StringComparison.Ordinal)
                    select $"{file.At(clause)}: {clause.ToString().ReplaceLineEndings(" ")}";
        wrong.ShouldBeEmpty("An empty catch of every exception needs a comment with its reason.");
    }

    [Fact]
    public void Classes_OfTheProduct_AreSealedAbstractOrStatic()
    {
        var inherited = Repository
            .CSharp.SelectMany(file => file.Syntax.DescendantNodes().OfType<BaseTypeSyntax>())
            .Select(type => type.Type.ToString().Split('<')[0].Split('.')[^1])
            .ToHashSet();
        var wrong =
            from file in Repository.Product
            from type in file.Syntax.DescendantNodes().OfType<TypeDeclarationSyntax>()
            where
                type is ClassDeclarationSyntax
                || type is RecordDeclarationSyntax record
                    && !record.ClassOrStructKeyword.IsKind(SyntaxKind.StructKeyword)
            where !type.Modifiers.Any(modifier => modifier.Text is "sealed" or "abstract" or "static" or "partial")
            where !inherited.Contains(type.Identifier.Text)
            select $"{file.At(type)}: {type.Identifier.Text}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Enums_WithStoredOrSentValues_AreNotReordered()
    {
        // An enum whose first member has an explicit value gives every member one: such enums are persisted or sent.
        var wrong = from file in Repository.Product
                    from type in file.Syntax.DescendantNodes().OfType<EnumDeclarationSyntax>()
                    where type.Members.Any(member => member.EqualsValue is not null)
                        && type.Members.Any(member => member.EqualsValue is null)
                    select $"{file.At(type)}: {type.Identifier.Text}";
        wrong.ShouldBeEmpty("Give every member of the enum its value, or none.");
    }

    /// <summary>Whether a method is a test.</summary>
    internal static bool IsTest(MethodDeclarationSyntax method) =>
        method
            .AttributeLists.SelectMany(list => list.Attributes)
            .Any(attribute => TestAttributes.Contains(attribute.Name.ToString()));

    private static IEnumerable<SourceFile> Tests()
        => Repository.CSharp.Where(file => file.Path.StartsWith("tests/", StringComparison.Ordinal));

    /// <summary>Waiting for ever until a token is cancelled is not sleeping.</summary>
    private static bool IsEndless(InvocationExpressionSyntax call) =>
        call.ArgumentList.Arguments.FirstOrDefault()?.ToString()
            is "Timeout.Infinite"
                or "Timeout.InfiniteTimeSpan"
                or "-1";

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"(?<![\w.])/(work|root)/|\.\./shared\b|/tools/(land|slot)\b|deb\.debian\.org|api\.nuget\.org"
        + @"|registry\.npmjs\.org|https?://[^\s/]*(artifactory|proxy|mirror)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Workplace();
}
