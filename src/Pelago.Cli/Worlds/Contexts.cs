using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Names for worlds, so that <c>--context NAME</c> finds one from any directory. Kept for the user in
/// <c>$XDG_CONFIG_HOME/pelago/contexts.json</c> (XDG Base Directory Specification; <c>~/.config</c> when that is not
/// set), written by <c>up --context NAME</c>.</summary>
internal sealed class Contexts(string file)
{
    private const string ConfigurationVariable = "XDG_CONFIG_HOME";

    /// <summary>What the file holds: absolute data directories by name.</summary>
    private sealed record Document(SortedDictionary<string, string> Contexts)
    {
        public int FormatVersion { get; init; } = 1;
    }

    public string File { get; } = file;

    /// <summary>The user's own.</summary>
    public static Contexts OfUser()
    {
        // The specification ignores a value that is not an absolute path.
        var configured = Environment.GetEnvironmentVariable(ConfigurationVariable);
        var home = string.IsNullOrEmpty(configured) || !Path.IsPathRooted(configured)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config")
            : configured;
        return new Contexts(Path.Combine(home, "pelago", "contexts.json"));
    }

    /// <summary>The directory of a context, or null when there is none of that name.</summary>
    /// <exception cref="PelagoException">PLG2001 the name is none; PLG1114 the file is damaged.</exception>
    public string? Find(string name)
    {
        Check(name);
        return Read().GetValueOrDefault(name);
    }

    /// <summary>What to say about a context that does not exist.</summary>
    public Failure Unknown(string name)
    {
        var known = Read().Keys.ToList();
        var nearest = Spelling.Nearest(name, known);
        return new Failure(ErrorCodes.ContextUnknown, $"context '{name}' does not exist.",
            nearest is not null ? $"Did you mean '{nearest}'?"
            : known.Count == 0 ? $"Save one with 'pelago up --context {name} --data DIR'."
            : $"Contexts: {string.Join(", ", known)}.");
    }

    /// <summary>Saves a context; the same one again changes nothing.</summary>
    /// <exception cref="PelagoException">PLG1113 when the name stands for another directory that still holds a world;
    /// PLG1114 when it cannot be saved.</exception>
    public void Save(string name, string directory)
    {
        if (Require(name, directory) is not { } known)
            return;
        known[name] = directory;
        try
        {
            PrivateFile.CreateDirectory(Path.GetDirectoryName(File)!);
            PrivateFile.WriteJson(File, new Document(known));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable($"'{File}' cannot be written: {e.Message}", e);
        }
        catch (PelagoException e)
        {
            throw Unusable(e.Failure.Message, e);
        }
    }

    /// <summary>Checks that a context may be saved, and saves nothing.</summary>
    /// <returns>What is known, or null when it is this already.</returns>
    /// <exception cref="PelagoException">As for <see cref="Save"/>.</exception>
    public SortedDictionary<string, string>? Require(string name, string directory)
    {
        Check(name);
        var known = Read();
        if (known.TryGetValue(name, out var present) && present == directory)
            return null;
        return present is null || !System.IO.File.Exists(Path.Combine(present, WorldRecord.FileName)) ? known
            : throw new Failure(ErrorCodes.ContextTaken, $"context '{name}' is the world in '{present}'.",
                "Choose another name, or leave out --data to use that world.").ToException();
    }

    private SortedDictionary<string, string> Read()
    {
        try
        {
            return PrivateFile.ReadJson<Document>(File)?.Contexts ?? [];
        }
        catch (PelagoException e)
        {
            throw Unusable(e.Failure.Message, e);
        }
    }

    private static void Check(string name)
    {
        if (Names.Check(name, "context name") is { } wrong)
            throw wrong.ToException();
    }

    private static PelagoException Unusable(string message, Exception inner)
        => new Failure(ErrorCodes.ContextsUnusable, message, "Mend or remove the file; --data DIR works without it.")
            .ToException(inner);
}
