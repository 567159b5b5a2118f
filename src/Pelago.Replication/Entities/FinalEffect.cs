using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Pelago.Replication;

/// <summary>An effect of final events, as its type defines it.</summary>
/// <param name="Name">Its name within the type.</param>
/// <param name="Run">Carries it out.</param>
public sealed record FinalEffect(string Name, Func<object, IFinalContext, CancellationToken, ValueTask> Run)
{
    /// <summary>Longest name of an effect in characters.</summary>
    public const int MaxNameLength = 64;

    // Room for the number that an effect's further commands append.
    private const int LongestKey = EventLimits.MaxIdempotencyKeyLength - 16;

    /// <summary>The key under which an effect of an event is known:
    /// <c>type/id/incarnation/region/sequence/name</c>. What does not fit, or an id that is not plain, is named by a
    /// hash. The same for ever: a key that changed would let an effect happen twice.</summary>
    public static string KeyOf(EventRecord e, string name)
    {
        var origin = $"{e.Origin.Incarnation}/{e.Origin.Region}";
        var key = string.Create(CultureInfo.InvariantCulture,
            $"{e.Entity.Type}/{Uri.EscapeDataString(e.Entity.Id)}/{origin}/{e.Sequence}/{name}");
        return key.Length <= LongestKey ? key
            : $"final/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}";
    }
}
