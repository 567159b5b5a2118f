namespace Pelago.Cli;

/// <summary>One finding.</summary>
/// <param name="Check">What was looked at.</param>
/// <param name="Result"><c>ok</c>, <c>warning</c> or <c>failed</c>.</param>
/// <param name="Detail">What was seen.</param>
/// <param name="Mend">The command that mends it; empty when nothing is wrong.</param>
internal sealed record Finding(string Check, string Result, string Detail, string Mend)
{
    public const string Good = "ok";
    public const string Warning = "warning";
    public const string Failed = "failed";

    public static Finding Of(string check, bool good, string detail, string mend)
        => new(check, good ? Good : Failed, detail, good ? "" : mend);

    /// <summary>Something that works and should still be looked at.</summary>
    public static Finding Notice(string check, bool good, string detail, string mend)
        => new(check, good ? Good : Warning, detail, good ? "" : mend);
}
