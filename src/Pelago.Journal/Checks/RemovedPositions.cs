using System.Numerics;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Positions of all lanes whose rows were removed.</summary>
internal sealed class RemovedPositions
{
    private readonly Dictionary<(int Lane, ulong Word), ulong> words = [];
    private readonly ulong[] counts = new ulong[EntityKey.Lanes];

    /// <summary>Adds a word of bits: bit b of word w stands for position 64 w + b.</summary>
    public void Add(long lane, ulong word, ulong bits)
    {
        if (lane is < 0 or >= EntityKey.Lanes)
            return;
        words[((int)lane, word)] = bits;
        counts[lane] += (ulong)BitOperations.PopCount(bits);
    }

    /// <summary>True for a position whose row was removed.</summary>
    public bool Contains(int lane, ulong position) => words.TryGetValue((lane, position / 64), out var bits)
        && (bits >> (int)(position % 64) & 1) != 0;

    /// <summary>How many of a lane.</summary>
    public ulong Count(int lane) => counts[lane];
}
