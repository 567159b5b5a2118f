using System.CommandLine;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago test</c> and <c>pelago bench</c>: the script of a source checkout runs them itself, so that who
/// gets here has an installed program without sources.</summary>
internal static class CheckoutVerbs
{
    public static Command Test(VerbContext context) => Create(context, "test",
        "Builds and runs the tests (in a source checkout).", ["pelago test", "pelago test unit"]);

    public static Command Bench(VerbContext context) => Create(context, "bench",
        "Lists or runs the benchmarks (in a source checkout).", ["pelago bench", "pelago bench P1 P4 -o json"]);

    private static Command Create(VerbContext context, string name, string description, string[] examples)
    {
        var verb = context.Verb(name, description, examples, (_, _) => throw new Failure(ErrorCodes.NotACheckout,
            $"'pelago {name}' works on Pelago's sources, and this program was installed without them.",
            $"Clone the repository and run './pelago {name}' there.").ToException());
        verb.Add(new Argument<string[]>("WHAT") { Description = "See 'pelago test' and 'pelago bench' of a checkout." });
        return verb;
    }
}
