using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Who the primary of a type is, as its register decided. Immutable; the next epoch names another
/// region.</summary>
/// <remarks>An epoch is decided in two steps: that a region is to be the primary, after which whoever was it gives no
/// promises any more, and, once the region has what it needs, that its epoch has started. What counts of the epochs
/// before is decided with the second step, so it is the same everywhere.</remarks>
/// <param name="Epoch">0 while the type never moved: then the region is the one that its definition names.</param>
/// <param name="Region">The primary, or who is about to be it.</param>
public sealed record PrimaryRecord(uint Epoch, string Region)
{
    /// <summary>The region takes commands.</summary>
    public bool IsStarted { get; init; }

    /// <summary>The primary of the newest epoch that was started before this one; empty for epoch 0.</summary>
    public string Former { get; init; } = "";

    /// <summary>The newest life of the region's journal when its epoch started: what it writes as the primary is of
    /// that one or later ones. Null when it is not known.</summary>
    public Incarnation? Life { get; init; }

    /// <summary>The same of <see cref="Former"/>.</summary>
    public Incarnation? FormerLife { get; init; }

    /// <summary>Where epochs ended whose primary could not be asked.</summary>
    public IReadOnlyList<EpochEnd> Ends { get; init; } = [];

    /// <summary>The register of a type.</summary>
    public static EntityKey RegisterOf(string type) => new(RegisterRequest.ReservedPrefix + "primary", type);

    /// <summary>The event does not count: it is of an epoch that had ended without it.</summary>
    public bool IsOrphaned(EventRecord e)
    {
        for (var i = 0; i < Ends.Count; i++)
        {
            if (Ends[i].LeavesOut(e))
                return true;
        }
        return false;
    }

    /// <summary>Through which position of a lane of a life all events count, whatever their epoch; the highest number
    /// when all of them do.</summary>
    /// <param name="searched">Ends of epochs before this one are left out.</param>
    public ulong CountsThrough(Origin origin, int lane, uint searched)
        => Ends.Where(e => e.Before > searched).Select(e => e.CountsThrough(origin, lane))
            .DefaultIfEmpty(ulong.MaxValue).Min();

    /// <summary>Whether the event counts is not decided yet.</summary>
    public bool IsUndecided(EventRecord e)
        => !IsStarted && e.Epoch < Epoch && e.Origin.Region == Former && !IsOrphaned(e);

    /// <summary>True when this was decided later than the other.</summary>
    public bool IsNewerThan(PrimaryRecord other)
        => Epoch > other.Epoch || (Epoch == other.Epoch && IsStarted && !other.IsStarted);

    /// <summary>The next epoch: a region is to be the primary.</summary>
    public PrimaryRecord Next(string region) => new(Epoch + 1, region)
    {
        Former = IsStarted ? Region : Former, FormerLife = IsStarted ? Life : FormerLife, Ends = Ends,
    };

    /// <summary>The epoch has started.</summary>
    /// <param name="life">Newest life of the region's journal.</param>
    /// <param name="end">Where the epochs before ended; null when their primary has told that it wrote nothing
    /// more.</param>
    public PrimaryRecord Started(Incarnation? life, EpochEnd? end) => this with
    {
        IsStarted = true, Life = life, Ends = end is null ? Ends : [.. Ends, end],
    };
}

/// <summary>Where the epochs of a region ended that could not be asked: what the next primary had of it then.</summary>
/// <param name="Region">The region.</param>
/// <param name="Before">Events of lower epochs are meant.</param>
/// <param name="Lives">Of the lives in which it was the primary, through which position of each lane the next primary
/// had everything; in order.</param>
/// <param name="AreAllLives">Nothing of any other life counts. Otherwise those before the first one count whole: in
/// them it was not the primary.</param>
public sealed record EpochEnd(string Region, uint Before, IReadOnlyList<LifeEnd> Lives, bool AreAllLives)
{
    /// <summary>Most lives that are named.</summary>
    public const int MaxLives = 4;

    /// <summary>The event is of these epochs and was not among what the next primary had. One that is not durable yet
    /// was not.</summary>
    public bool LeavesOut(EventRecord e)
    {
        if (e.Epoch >= Before)
            return false;
        var through = CountsThrough(e.Origin, e.Entity.Lane);
        return through < ulong.MaxValue && (e.OriginPosition == 0 || e.OriginPosition > through);
    }

    /// <summary>Through which position of a lane of a life all events count; the highest number when all of them
    /// do.</summary>
    public ulong CountsThrough(Origin origin, int lane)
    {
        if (origin.Region != Region)
            return ulong.MaxValue;
        for (var i = 0; i < Lives.Count; i++)
        {
            if (Lives[i].Life.Equals(origin.Incarnation))
                return Lives[i].Positions[lane];
        }
        return AreAllLives || origin.Incarnation.CompareTo(Lives[0].Life) > 0 ? 0 : ulong.MaxValue;
    }
}

/// <summary>One life of a region, and a position in each lane.</summary>
public sealed record LifeEnd(Incarnation Life, IReadOnlyList<ulong> Positions);
