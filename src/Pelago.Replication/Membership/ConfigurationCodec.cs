using Google.Protobuf;
using Google.Protobuf.Collections;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>A configuration as the register holds it, as it travels, and as a journal notes it.</summary>
internal static class ConfigurationCodec
{
    public static byte[] Write(Configuration configuration)
    {
        var stored = new StoredConfiguration { Epoch = configuration.Epoch, Forced = configuration.IsForced };
        stored.Members.AddRange(configuration.Members.Select(m => new StoredMember
        {
            Region = m.Region, Since = m.Since, Votes = m.IsVoter, Joins = m.IsJoining,
        }));
        stored.VotersBefore.AddRange(configuration.VotersBefore);
        stored.Removed.AddRange(configuration.Removed.Select(r => new StoredRemoved
        {
            Region = r.Region, Epoch = r.Epoch,
        }));
        stored.ForcedChanges.AddRange(configuration.Forced.Select(f => new StoredForced
        {
            Epoch = f.Epoch, Id = ByteString.CopyFrom(f.Id.ToByteArray(bigEndian: true)),
        }));
        return stored.ToByteArray();
    }

    /// <summary>Null when the bytes are no configuration that a group could have.</summary>
    public static Configuration? Read(ReadOnlySpan<byte> bytes)
    {
        StoredConfiguration stored;
        try
        {
            stored = StoredConfiguration.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
        return IsPossible(stored) ? ToConfiguration(stored) : null;
    }

    private static Configuration ToConfiguration(StoredConfiguration stored) => new(stored.Epoch,
        [.. stored.Members.Select(m => new GroupMember(m.Region, m.Since, m.Votes, m.Joins))])
    {
        VotersBefore = [.. stored.VotersBefore], IsForced = stored.Forced,
        Removed = [.. stored.Removed.Select(r => new RemovedRegion(r.Region, r.Epoch))],
        Forced = [.. stored.ForcedChanges.Select(f => new ForcedChange(f.Epoch, new Guid(f.Id.Span, bigEndian: true)))],
    };

    private static bool IsPossible(StoredConfiguration stored)
    {
        if (stored.Epoch is 0 or > int.MaxValue || stored.Members.Count is 0 or > Configuration.MaxMembers
            || stored.Removed.Count > Configuration.MaxRemoved || !IsPossible(stored.ForcedChanges, stored.Epoch)
            || stored.VotersBefore.Count > Configuration.MaxMembers)
            return false;
        var named = stored.Members.Select(m => m.Region).Concat(stored.Removed.Select(r => r.Region)).ToArray();
        return named.Concat(stored.VotersBefore).All(n => Names.Check(n, "region") is null)
            && named.Distinct(StringComparer.Ordinal).Count() == named.Length
            && stored.VotersBefore.Distinct(StringComparer.Ordinal).Count() == stored.VotersBefore.Count
            && stored.Members.All(m => m.Since <= stored.Epoch && !(m.Votes && m.Joins))
            && stored.Removed.All(r => r.Epoch <= stored.Epoch);
    }

    private static bool IsPossible(RepeatedField<StoredForced> forced, ulong epoch)
    {
        if (forced.Count > Configuration.MaxForced)
            return false;
        for (var i = 0; i < forced.Count; i++)
        {
            if (forced[i].Id.Length != 16 || forced[i].Epoch > epoch
                || forced[i].Epoch <= (i == 0 ? 0 : forced[i - 1].Epoch))
                return false;
        }
        return true;
    }
}
