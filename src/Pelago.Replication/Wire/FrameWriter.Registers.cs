using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameWriter
{
    private void FillRegister(Frame frame)
    {
        switch (frame)
        {
            case RegisterAskFrame f:
                message.RegisterAsk = ToWire(f);
                break;
            case RegisterAnswerFrame f:
                message.RegisterAnswer = ToWire(f);
                break;
            case EnrolFrame f:
                message.Enrol = ToWire(f);
                break;
            case EnrolledFrame f:
                message.Enrolled = ToWire(f);
                break;
            case ConfigurationFrame f:
                message.Configuration = new ConfigurationNotice
                {
                    Content = UnsafeByteOperations.UnsafeWrap(ConfigurationCodec.Write(f.Configuration)),
                };
                break;
            default:
                FillMode(frame);
                break;
        }
    }

    private RegisterAsk ToWire(RegisterAskFrame f) => new()
    {
        Request = f.Request, Type = Number(types, message.TypeNames, f.Register.Type), Id = f.Register.Id,
        Step = (uint)f.Step, Ballot = ToWire(f.Ballot), Value = ToWire(f.Value),
    };

    private static RegisterAnswer ToWire(RegisterAnswerFrame f)
    {
        var answer = new RegisterAnswer
        {
            Request = f.Request, Verdict = (uint)f.Verdict, Promised = ToWire(f.State.Promised),
            Accepted = ToWire(f.State.Accepted), Value = ToWire(f.State.Value), Heard = f.State.Heard,
            ConfigurationEpoch = f.ConfigurationEpoch, Life = Bytes(f.Life),
        };
        answer.Lives.AddRange(f.Lives.Select(ToWire));
        return answer;
    }

    private Enrol ToWire(EnrolFrame f)
    {
        var enrol = new Enrol
        {
            Request = f.Request, Lane = (uint)f.Lane, Life = Bytes(f.Life), Stands = f.Stands,
            ConfigurationEpoch = f.ConfigurationEpoch, Before = Bytes(f.Before), Remembers = f.Remembers,
        };
        if (f.After is { } after)
            (enrol.AfterType, enrol.AfterId) = (Number(types, message.TypeNames, after.Type), after.Id);
        return enrol;
    }

    private Enrolled ToWire(EnrolledFrame f)
    {
        var enrolled = new Enrolled
        {
            Request = f.Request, Lane = (uint)f.Lane, Remembers = f.Remembers, NeverFrom = Bytes(f.NeverStood?.First),
            NeverThrough = Bytes(f.NeverStood?.Last), More = f.More, ConfigurationEpoch = f.ConfigurationEpoch,
            KnowsBefore = f.KnowsBefore,
        };
        enrolled.Lives.AddRange(f.Lives.Select(ToWire));
        enrolled.Registers.AddRange(f.Registers.Select(ToWire));
        return enrolled;
    }

    private Register ToWire(RegisterRecord r) => new()
    {
        Type = Number(types, message.TypeNames, r.Register.Type), Id = r.Register.Id,
        Promised = ToWire(r.State.Promised), Accepted = ToWire(r.State.Accepted), Value = ToWire(r.State.Value),
    };

    private static Wire.Ballot? ToWire(Ballot b) => b.IsNone ? null : new Wire.Ballot
    {
        Epoch = b.Epoch, Counter = b.Counter, Region = b.Region, Session = Bytes(b.Session),
    };

    private static Wire.RegisterValue? ToWire(RegisterValue? v) => v is null ? null : new Wire.RegisterValue
    {
        Version = v.Version, WriterSession = Bytes(v.Writer.Session), WriterNumber = v.Writer.Number,
        Content = UnsafeByteOperations.UnsafeWrap(v.Content),
    };

    private static Wire.VoterLife ToWire(VoterLife l) => new()
    {
        Region = l.Region, Life = Bytes(l.Life), Stood = Bytes(l.Stood), Forgetful = l.IsForgetful,
    };

    private static ByteString Bytes(Incarnation? life)
        => life is { } some ? UnsafeByteOperations.UnsafeWrap(some.ToBytes()) : ByteString.Empty;
}
