using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameWriter
{
    private void FillMode(Frame frame)
    {
        switch (frame)
        {
            case FetchTypeFrame f:
                message.FetchType = new FetchType
                {
                    Request = (ulong)f.Request, Lane = (uint)f.Lane, History = ToWire(f.History), Scanned = f.Scanned,
                    Until = f.Until,
                };
                break;
            default:
                throw new ArgumentException($"No wire form for {frame.GetType().Name}.", nameof(frame));
        }
    }

    private Wire.OpenedHistory ToWire(OpenedHistory h) => new()
    {
        Type = Number(types, message.TypeNames, h.Type), Origin = Number(h.Origin), After = h.After,
        Through = h.Through,
    };
}
