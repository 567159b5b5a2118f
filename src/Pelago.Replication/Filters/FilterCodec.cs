using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>A filter as it travels and as journals note it.</summary>
internal static class FilterCodec
{
    public static byte[] Write(EntityFilter filter) => ToStored(filter).ToByteArray();

    /// <summary>Null when the bytes are no rule that could be in force.</summary>
    public static EntityFilter? Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return From(StoredFilter.Parser.ParseFrom(bytes));
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    public static StoredFilter ToStored(EntityFilter filter)
    {
        var stored = new StoredFilter { Epoch = filter.Epoch };
        stored.Included.AddRange(filter.Included ?? []);
        stored.Excluded.AddRange(filter.Excluded);
        return stored;
    }

    public static EntityFilter? From(StoredFilter? stored)
    {
        if (stored is null)
            return null;
        var filter = EntityFilter.InEpoch(stored.Epoch).Except([.. stored.Excluded]);
        if (stored.Included.Count > 0)
            filter = filter.Only([.. stored.Included]);
        return filter.Epoch > 0 && !FilterChecks.MistakesOf(filter).Any() ? filter : null;
    }
}
