using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Pelago.Tests.EndToEnd;

/// <summary>Reads what an import says while it runs.</summary>
internal sealed partial class ImportProgress
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly Process import;
    private readonly Task reading;
    private volatile int percent;
    private volatile string said = "";

    public ImportProgress(Process import)
    {
        this.import = import;
        reading = Task.Run(ReadAsync, TestContext.Current.CancellationToken);
    }

    public string Said => said;

    public async Task UntilAsync(int wanted)
    {
        var what = string.Create(CultureInfo.InvariantCulture, $"{wanted} % of the import");
        await Eventually.BeTrue(() => percent >= wanted || import.HasExited, what, Patience);
        percent.ShouldBeGreaterThanOrEqualTo(wanted, said);
    }

    public async Task<int> EndAsync()
    {
        var stop = TestContext.Current.CancellationToken;
        await import.WaitForExitAsync(stop).WaitAsync(Patience, stop);
        await reading;
        return import.ExitCode;
    }

    private async Task ReadAsync()
    {
        while (await import.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            said = line;
            if (Percent().Match(line) is { Success: true } match)
                percent = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        }
    }

    [GeneratedRegex(@"\((\d+) %\)")]
    private static partial Regex Percent();
}
