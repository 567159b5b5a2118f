namespace Pelago.Tests.Tidy;

/// <summary>Compares what the code says with a file that is committed and reviewed as a contract.</summary>
public static class Pinned
{
    /// <summary>Set to 1, the tests write the files instead of comparing: <c>PELAGO_UPDATE=1 ./pelago test
    /// tidy</c>.</summary>
    private const string UpdateVariable = "PELAGO_UPDATE";

    /// <summary>Fails when the file at a path from the root is not exactly the text.</summary>
    public static void Check(string path, string text)
    {
        var full = Path.Combine(Repository.Root, path);
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllText(full, text);
            return;
        }
        var committed = File.Exists(full) ? File.ReadAllText(full) : "";
        if (committed == text)
            return;
        Assert.Fail(
            $"{path} differs from the code. When the change is meant, run "
                + $"{UpdateVariable}=1 ./pelago test tidy and commit "
                + $"the file.\n{FirstDifference(committed, text)}"
        );
    }

    private static string FirstDifference(string committed, string text)
    {
        var (was, now) = (committed.Split('\n'), text.Split('\n'));
        var line = was.Zip(now).TakeWhile(pair => pair.First == pair.Second).Count();
        return $"line {line + 1}\n  file: {was.ElementAtOrDefault(line)}\n  code: {now.ElementAtOrDefault(line)}";
    }
}
