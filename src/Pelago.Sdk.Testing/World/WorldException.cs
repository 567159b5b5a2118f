using System.Globalization;
using System.Text;

namespace Pelago.Sdk.Testing;

/// <summary>A run of a <see cref="PelagoWorld"/> failed. The message says what is wrong, what happened before, and how
/// to replay the run.</summary>
public sealed class WorldException : Exception
{
    private const int LastLines = 20;

    private WorldException(string message, ulong seed, Exception? inner) : base(message, inner) => Seed = seed;

    /// <summary>Seed of the run that failed.</summary>
    public ulong Seed { get; }

    internal static WorldException Of(WorldGroup group, string what, Exception? inner = null)
    {
        var text = new StringBuilder(what).Append('\n');
        var log = group.Log.ToArray();
        text.Append("What happened").Append(log.Length > LastLines ? $" ({LastLines} newest lines)" : "").Append(":\n");
        foreach (var line in log.TakeLast(LastLines))
            text.Append("  ").Append(line).Append('\n');
        text.Append(CultureInfo.InvariantCulture,
            $"Seed {group.Seed}. To replay: set {PelagoWorld.SeedVariable}={group.Seed} in the environment, or begin "
            + $"with PelagoWorld.Create({group.Seed}, {string.Join(", ", group.Members.Select(m => $"\"{m}\""))}).");
        return new WorldException(text.ToString(), group.Seed, inner);
    }
}
