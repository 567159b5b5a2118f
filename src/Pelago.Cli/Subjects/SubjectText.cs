using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>How the erasure of a subject is shown.</summary>
internal static class SubjectText
{
    /// <summary>Shows who has confirmed, and says what becomes of the others.</summary>
    /// <param name="needed">How many have to.</param>
    /// <exception cref="PelagoException">PLG1208: fewer have.</exception>
    public static int Show(Terminal terminal, IReadOnlyList<SubjectRegion> found, int needed, OutputFormat format)
    {
        Write(terminal, found, format);
        if (Open(found) is { } open)
        {
            if (found.Count(r => r.IsForgotten) < needed)
                throw open.ToException();
            terminal.Say($"{open.Message} {open.Next}");
            return 0;
        }
        terminal.Say("Every region has deleted the subject's keys: what is sealed of it cannot be read any more. "
            + "Backups from before hold the keys until they are gone.");
        return 0;
    }

    /// <summary>Says what an erasure would do.</summary>
    public static int Foretell(Terminal terminal, IReadOnlyList<SubjectRegion> found, OutputFormat format)
    {
        Write(terminal, found, format);
        terminal.Say(found.All(r => r.IsForgotten) ? "The subject is forgotten already: nothing would change."
            : "The subject's keys would be deleted in every region, for good; nothing was changed.");
        return 0;
    }

    private static void Write(Terminal terminal, IReadOnlyList<SubjectRegion> found, OutputFormat format)
    {
        if (!terminal.Document(found, format, r => r.Region))
            terminal.Table(["REGION", "STATE", "WHY"],
                found.Select(r => (IReadOnlyList<string>)[r.Region, r.State, r.Message]));
    }

    private static Failure? Open(IReadOnlyList<SubjectRegion> found)
    {
        string[] open = [.. found.Where(r => !r.IsForgotten).Select(r => r.State == States.Unreachable
            ? $"{r.Region} is not reachable ({r.Message.TrimEnd('.')})" : $"{r.Region} has not heard of it yet")];
        return open.Length == 0 ? null : new Failure(ErrorCodes.PartlyDone,
            $"The subject is erased, and not every region has confirmed it: {string.Join("; ", open)}.",
            "Each deletes the keys as soon as it hears of it, from any other region; until then it can read what is "
            + "sealed. Repeat the command to see whether it has.");
    }
}
