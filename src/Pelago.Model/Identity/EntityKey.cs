using System.Globalization;
using System.Text;

namespace Pelago.Model;

/// <summary>Names one entity of a service: its type (a registered name) and its id (the user's).</summary>
/// <remarks>An id is 1–255 bytes of UTF-8 without control characters or unpaired surrogates; it is neither "." nor
/// "..", which URL paths would normalise away. Everything else (slashes, spaces, any script) is kept exactly as given:
/// ids are compared ordinally and never normalised.</remarks>
public readonly record struct EntityKey(string Type, string Id) : IComparable<EntityKey>
{
    /// <summary>Longest id in bytes of UTF-8.</summary>
    public const int MaxIdBytes = 255;

    /// <summary>Number of slices (hash buckets of entities); fixed for ever.</summary>
    public const int Slices = 1024;

    /// <summary>Number of lanes (groups of slices); fixed for ever.</summary>
    public const int Lanes = 32;

    /// <summary>The type of the entities that stand for people: their ids are personal.</summary>
    public const string SubjectType = "pelago.subject";

    /// <summary>The slice of this entity: FNV-1a (32 bit) over UTF-8 of type, NUL, id, modulo 1024. Never
    /// changes.</summary>
    public int Slice
    {
        get
        {
            Span<byte> buffer = stackalloc byte[1024];
            var hash = 2166136261u;
            hash = Add(hash, Type, buffer);
            hash = (hash ^ 0) * 16777619u;
            hash = Add(hash, Id, buffer);
            hash ^= hash >> 15; // FNV's low bits are weak for short keys that differ in the last character
            return (int)(hash % Slices);
        }
    }

    /// <summary>The lane of this entity: slice modulo 32.</summary>
    public int Lane => Slice % Lanes;

    /// <summary>Checks an id given by a user. Null when it is valid.</summary>
    public static Failure? CheckId(string? id, string what = "id")
    {
        if (string.IsNullOrEmpty(id))
            return Bad(what, "is empty");
        if (id is "." or "..")
            return Bad(what, "must not be '.' or '..'");
        if (id.Length > MaxIdBytes || Encoding.UTF8.GetByteCount(id) > MaxIdBytes)
            return Bad(what, $"is longer than {MaxIdBytes} bytes of UTF-8");
        for (var i = 0; i < id.Length; i++)
        {
            if (char.IsControl(id[i]))
                return Bad(what,
                    string.Create(CultureInfo.InvariantCulture, $"holds the control character U+{(int)id[i]:X4}")
                );
            if (!char.IsSurrogate(id[i]))
                continue;
            if (!char.IsHighSurrogate(id[i]) || i + 1 == id.Length || !char.IsLowSurrogate(id[i + 1]))
                return Bad(what, "holds an unpaired surrogate");
            i++;
        }
        return null;
    }

    /// <inheritdoc />
    public int CompareTo(EntityKey other)
    {
        var byType = string.CompareOrdinal(Type, other.Type);
        return byType != 0 ? byType : string.CompareOrdinal(Id, other.Id);
    }

    /// <summary><c>type/id</c>, for logs, alarms and messages: of a subject, whose name may be a person's, it shows the
    /// slice in place of the name.</summary>
    public override string ToString() => Type == SubjectType
        ? string.Create(CultureInfo.InvariantCulture, $"{Type}/(in slice {Slice})")
        : $"{Type}/{Id}";

    private static uint Add(uint hash, string text, Span<byte> buffer)
    {
        var length = Encoding.UTF8.GetBytes(text, buffer);
        foreach (var b in buffer[..length])
            hash = (hash ^ b) * 16777619u;
        return hash;
    }

    private static Failure Bad(string what, string rule) =>
        new(
            ErrorCodes.InvalidEntityId,
            $"The {what} {rule}.",
            $"Use 1–{MaxIdBytes} bytes of UTF-8 without control characters.",
            what
        );
}
