using Google.Protobuf;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameWriter
{
    private void FillPrimary(Frame frame)
    {
        switch (frame)
        {
            case LeaseAskFrame f:
                message.LeaseAsk = new LeaseAsk
                {
                    Request = (ulong)f.Request, Milliseconds = (uint)f.Milliseconds,
                    ConfigurationEpoch = f.ConfigurationEpoch, Reports = f.WantsReports,
                };
                message.LeaseAsk.Types_.AddRange(f.Types.Select(ToWire));
                message.LeaseAsk.Lives.AddRange(f.Lives.Select(l => l is { } life
                    ? UnsafeByteOperations.UnsafeWrap(life.ToBytes()) : ByteString.Empty));
                break;
            case LeaseGrantFrame f:
                message.LeaseGrant = new LeaseGrant { Request = (ulong)f.Request };
                message.LeaseGrant.Granted.AddRange(f.Granted.Select(ToWire));
                message.LeaseGrant.Stopped.AddRange(f.Stopped.Select(ToWire));
                break;
            case PrimaryFrame f:
                message.Primary = new PrimaryNotice
                {
                    Type = Number(types, message.TypeNames, f.Type),
                    Content = UnsafeByteOperations.UnsafeWrap(PrimaryCodec.Write(f.Record)),
                };
                break;
            case FilterFrame f:
                message.Filter = ToWire(f);
                break;
            default:
                FillSubject(frame);
                break;
        }
    }

    private Wire.TypeEpoch ToWire(TypeEpoch e)
        => new() { Type = Number(types, message.TypeNames, e.Type), Epoch = e.Epoch };
}
