using System.CommandLine;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago test</c>, <c>pelago bench</c> and <c>pelago soak</c>: the script of a source checkout runs them
/// itself, so that who gets here has an installed program without sources.</summary>
internal static class CheckoutVerbs
{
    public static Command Test(VerbContext context) => Create("test", context,
        "Builds and runs the tests (in a source checkout).", ["pelago test", "pelago test unit"]);

    public static Command Bench(VerbContext context) => Create("bench", context,
        "Lists or runs the benchmarks (in a source checkout).", ["pelago bench", "pelago bench P1 P4 -o json"]);

    public static Command Soak(VerbContext context) => Create("soak", context,
        "Looks for failures with seeds that nobody has tried (in a source checkout).",
        ["pelago soak simulation --seconds 600", "pelago soak frames --seed 18"]);

    private static Command Create(string name, VerbContext context, string description, string[] examples)
    {
        var failure = new Failure(ErrorCodes.NotACheckout,
            $"'pelago {name}' works on Pelago's sources, and this program was installed without them.",
            $"Clone the repository and run './pelago {name}' there.");
        var verb = context.Verb(name, description, examples, (_, _) => throw failure.ToException());
        verb.Add(new Argument<string[]>("WHAT") { Description = "Suites or benchmarks, and options." });
        return verb;
    }
}
