namespace Pelago.Model;

public static partial class ErrorCodes
{
    // Reported by the scripts of a source checkout (./pelago, eng/), before anything of Pelago runs.

    /// <summary>The .NET 10 SDK, which builds Pelago from a checkout, is not installed.</summary>
    public static readonly ErrorCode SdkMissing = Define("PLG1901", "No .NET 10 SDK", 1, 500);

    /// <summary>The sources changed during each of several builds, so that no copy could be named by them.</summary>
    public static readonly ErrorCode SourcesUnsettled = Define("PLG1902", "Sources keep changing", 1, 500);

    /// <summary>The sources do not compile; the compiler's errors are printed before this one.</summary>
    public static readonly ErrorCode BuildFailed = Define("PLG1903", "Build failed", 1, 500);

    /// <summary>The suite named on the command line does not exist.</summary>
    public static readonly ErrorCode UnknownSuite = Define("PLG1904", "Unknown test suite", 2, 400);

    /// <summary>The benchmark named on the command line does not exist.</summary>
    public static readonly ErrorCode UnknownBenchmark = Define("PLG1905", "Unknown benchmark", 2, 400);

    /// <summary>A verb that works on the sources was given to an installed program, which has none.</summary>
    public static readonly ErrorCode NotACheckout = Define("PLG1906", "Needs a source checkout", 5, 409);

    /// <summary>The earlier commit that tests run beside today's is not in the checkout's history.</summary>
    public static readonly ErrorCode NoEarlierCommit = Define("PLG1907", "Earlier commit missing", 5, 409);

    /// <summary>A figure could not be measured; the others were.</summary>
    public static readonly ErrorCode NotMeasured = Define("PLG1908", "Benchmark failed", 1, 500);
}
