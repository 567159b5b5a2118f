using System.Diagnostics;
using Bookstore.Importer;

namespace Pelago.Tests.EndToEnd;

/// <summary>The machine's own package index, as apt knows it.</summary>
internal static class PackageLists
{
    private const int LeastRecords = 20_000;

    /// <summary>Writes it to a file.</summary>
    /// <param name="most">Records to write; the rest is left out.</param>
    public static async Task<string> WriteAsync(int most)
    {
        var (all, part) = (Path.GetTempFileName(), Path.GetTempFileName());
        using var apt = Process.Start(
            new ProcessStartInfo("apt-cache", "dumpavail") { RedirectStandardOutput = true })!;
        await using (var target = File.Create(all))
            await apt.StandardOutput.BaseStream.CopyToAsync(target, TestContext.Current.CancellationToken);
        await apt.WaitForExitAsync(TestContext.Current.CancellationToken);
        PackageIndex.Read(all).Count()
            .ShouldBeGreaterThan(LeastRecords, "this test needs the lists of 'apt-get update'");
        await File.WriteAllLinesAsync(part, FirstOf(all, most), TestContext.Current.CancellationToken);
        File.Delete(all);
        return part;
    }

    // Records are separated by empty lines.
    private static IEnumerable<string> FirstOf(string file, int most)
    {
        var seen = 0;
        foreach (var line in File.ReadLines(file))
        {
            if (line.Length == 0 && ++seen >= most)
                yield break;
            yield return line;
        }
    }
}
