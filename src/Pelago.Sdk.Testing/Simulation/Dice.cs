using System.Buffers.Binary;
using System.Numerics;

namespace Pelago.Sdk.Testing;

/// <summary>The only source of chance in the simulator: xoshiro256** (Blackman and Vigna 2018), seeded through
/// SplitMix64.
/// One seed gives the same run on every machine and every version of .NET, which <c>System.Random</c> does not promise.
/// </summary>
internal sealed class Dice
{
    private ulong s0;
    private ulong s1;
    private ulong s2;
    private ulong s3;

    public Dice(ulong seed)
    {
        (s0, s1, s2, s3) = (Split(ref seed), Split(ref seed), Split(ref seed), Split(ref seed));
    }

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        var result = BitOperations.RotateLeft(s1 * 5, 7) * 9;
        var shifted = s1 << 17;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= shifted;
        s3 = BitOperations.RotateLeft(s3, 45);
        return result;
    }

    /// <summary>A number from 0 to below <paramref name="limit"/>.</summary>
    public int Below(int limit) => (int)(((UInt128)Next() * (ulong)limit) >> 64);

    /// <summary>A number from <paramref name="low"/> to <paramref name="high"/>, both included.</summary>
    public long Between(long low, long high) => low + (long)(((UInt128)Next() * (ulong)(high - low + 1)) >> 64);

    /// <summary>True in <paramref name="perMille"/> of a thousand cases.</summary>
    public bool Chance(int perMille) => Below(1000) < perMille;

    /// <summary>One of several.</summary>
    public T Pick<T>(IReadOnlyList<T> from) => from[Below(from.Count)];

    /// <summary>Random bytes.</summary>
    public byte[] Bytes(int count)
    {
        var bytes = new byte[(count + 7) / 8 * 8];
        for (var i = 0; i < bytes.Length; i += 8)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i), Next());
        return bytes[..count];
    }

    /// <summary>Fills bytes.</summary>
    public void Fill(byte[] bytes) => Bytes(bytes.Length).CopyTo(bytes, 0);

    /// <summary>A source of its own for one part of the run, so that a change in one part does not change all others.
    /// </summary>
    public Dice Fork() => new(Next());

    private static ulong Split(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
