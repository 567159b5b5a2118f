using Pelago.Model;

namespace Pelago.Replication;

/// <summary>"The effects of every event of this own origin in this lane up to this position at the origin are done."
/// Kept for the incarnations of the journal's own region, from the first start on at which a type has
/// effects.</summary>
public readonly record struct EffectMark(Origin Origin, ulong Position);
