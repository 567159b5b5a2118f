using Google.Protobuf;
using Google.Protobuf.Collections;
using Pelago.Model;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameReader
{
    private const int MaxVoters = 256;

    private RegisterAskFrame ToAsk(RegisterAsk ask)
    {
        var (ballot, value) = (ToBallot(ask.Ballot), ToValue(ask.Value));
        if (ask.Step is < 1 or > 3 || (ask.Step == (uint)RegisterStep.Read) != ballot.IsNone
            || (ask.Step == (uint)RegisterStep.Accept) != value is not null)
            throw Broken("a question about a register is malformed");
        return new RegisterAskFrame(
            ask.Request, Register(ask.Type, ask.Id), (RegisterStep)ask.Step, ballot, value);
    }

    private static RegisterAnswerFrame ToAnswer(RegisterAnswer answer)
    {
        if (answer.Verdict is < 1 or > 4)
            throw Broken("an answer about a register has an unknown verdict");
        var state = ToState(answer.Promised, answer.Accepted, answer.Value) with { Heard = answer.Heard };
        var life = answer.Life.IsEmpty ? default(Incarnation?) : ToLife(answer.Life);
        if (state.Heard && state.Value is null)
            throw Broken("a vote has heard of nothing"); // it would count as one for a value that is not there
        if (life is null && answer.Verdict == (uint)RegisterVerdict.Yes)
            throw Broken("a vote names no life");
        return new RegisterAnswerFrame(answer.Request, (RegisterVerdict)answer.Verdict, state,
            answer.ConfigurationEpoch, life, ToLives(answer.Lives));
    }

    private EnrolFrame ToEnrol(Enrol enrol) => new(
        enrol.Request, Lane(enrol.Lane), ToLife(enrol.Life), enrol.Stands,
        enrol.AfterType == 0 ? null : Register(enrol.AfterType, enrol.AfterId))
    {
        ConfigurationEpoch = Math.Max(1, enrol.ConfigurationEpoch), Remembers = enrol.Remembers,
        Before = enrol.Before.IsEmpty ? null : ToLife(enrol.Before),
    };

    private EnrolledFrame ToEnrolled(Enrolled enrolled)
    {
        var never = enrolled.NeverFrom.IsEmpty ? default(LifeRange?)
            : new LifeRange(ToLife(enrolled.NeverFrom), ToLife(enrolled.NeverThrough));
        var registers = enrolled.Registers.Select(r => new RegisterRecord(
            Register(r.Type, r.Id), ToState(r.Promised, r.Accepted, r.Value))).ToArray();
        var lane = Lane(enrolled.Lane);
        if (registers.Any(r => r.Register.Lane != lane) || (enrolled.More && registers.Length == 0))
            throw Broken("registers are not of their frame's lane, or missing");
        return new EnrolledFrame(enrolled.Request, lane, enrolled.Remembers, never, ToLives(enrolled.Lives),
            registers, enrolled.More)
        {
            ConfigurationEpoch = Math.Max(1, enrolled.ConfigurationEpoch), KnowsBefore = enrolled.KnowsBefore,
        };
    }

    private static ConfigurationFrame ToConfiguration(ConfigurationNotice notice)
        => notice.Content.Length <= RegisterValue.MaxBytes && ConfigurationCodec.Read(notice.Content.Span) is { } told
            ? new ConfigurationFrame(told) : throw Broken("a configuration is malformed");

    // A note of it must be possible, whoever invented the name.
    private EntityKey Register(uint type, string id)
    {
        var register = Entity(type, id);
        return register.Type.Any(char.IsControl) ? throw Broken("a register's type is not valid") : register;
    }

    private static RegisterState ToState(
        Wire.Ballot? promised, Wire.Ballot? accepted, Wire.RegisterValue? value)
    {
        var state = new RegisterState(ToBallot(promised), ToBallot(accepted), ToValue(value));
        if (state.Accepted.IsNone != state.Value is null || state.Promised < state.Accepted)
            throw Broken("a register's state contradicts itself");
        return state;
    }

    private static Ballot ToBallot(Wire.Ballot? ballot)
    {
        if (ballot is null)
            return default;
        if (ballot.Counter is 0 or > Ballot.MaxCounter || Names.Check(ballot.Region, "region") is not null)
            throw Broken("a ballot is malformed");
        return new Ballot(ballot.Epoch, ballot.Counter, ballot.Region, ToLife(ballot.Session));
    }

    private static RegisterValue? ToValue(Wire.RegisterValue? value)
    {
        if (value is null)
            return null;
        if (value.Version == 0 || value.Content.Length > RegisterValue.MaxBytes)
            throw Broken("a register's value is malformed");
        return new RegisterValue(value.Version,
            new RegisterWriter(ToLife(value.WriterSession), value.WriterNumber), value.Content.Memory);
    }

    private static VoterLife[] ToLives(RepeatedField<Wire.VoterLife> lives)
    {
        if (lives.Count > MaxVoters)
            throw Broken("there are too many voters");
        return [.. lives.Select(l => Names.Check(l.Region, "region") is null
            ? new VoterLife(l.Region, ToLife(l.Life), l.Stood.IsEmpty ? null : ToLife(l.Stood))
            {
                IsForgetful = l.Forgetful,
            }
            : throw Broken("a voter is named wrongly"))];
    }

    // A voter's next life is named later than all that others have heard of it, so there has to be a later name: the
    // first bit of its 48 of time stays unused until the year 6429.
    private static Incarnation ToLife(ByteString bytes) => bytes.Length != 16
        ? throw Broken("a life does not have sixteen bytes")
        : bytes.Span[0] < 0x80 ? Incarnation.Read(bytes.Span) : throw Broken("a life begins in the far future");
}
