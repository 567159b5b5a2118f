using Google.Protobuf;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameWriter
{
    private FilterNotice ToWire(FilterFrame f) => new()
    {
        Type = Number(types, message.TypeNames, f.Type),
        Content = UnsafeByteOperations.UnsafeWrap(FilterCodec.Write(f.Filter)),
    };

    private Wire.LeftOut ToWire(LeftOut left) => new()
    {
        Type = Number(types, message.TypeNames, left.Type), Epoch = left.Epoch, Lacking = left.IsLacking,
    };

    private Wire.Lack ToWire(LackedEvents lack) => new()
    {
        Type = Number(types, message.TypeNames, lack.Type), Origin = Number(lack.Origin), After = lack.After,
        Through = lack.Through,
    };
}
