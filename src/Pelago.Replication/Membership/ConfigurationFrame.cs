namespace Pelago.Replication;

/// <summary>Who the sender takes for the members of the group. What comes after it on a link was sent by somebody who
/// has taken this configuration, durably.</summary>
public sealed record ConfigurationFrame(Configuration Configuration) : Frame;
