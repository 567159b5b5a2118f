using Google.Protobuf;
using Pelago.Model;
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
            case AskFrame f:
                message.Ask = ToWire(f);
                break;
            case AnswerFrame f:
                message.Answer = ToWire(f);
                break;
            default:
                FillPrimary(frame);
                break;
        }
    }

    private Wire.OpenedHistory ToWire(OpenedHistory h) => new()
    {
        Type = Number(types, message.TypeNames, h.Type), Origin = Number(h.Origin), After = h.After,
        Through = h.Through,
    };

    private Ask ToWire(AskFrame f)
    {
        var ask = new Ask
        {
            Request = (ulong)f.Request, Type = Number(types, message.TypeNames, f.Entity.Type), Id = f.Entity.Id,
            Command = f.Command, Payload = UnsafeByteOperations.UnsafeWrap(f.Payload),
            IdempotencyKey = f.IdempotencyKey, Fingerprint = UnsafeByteOperations.UnsafeWrap(f.Fingerprint),
            Acknowledgement = f.Acknowledgement?.ToString() ?? "", TraceParent = f.TraceParent,
            PatienceMilliseconds = (uint)f.PatienceMilliseconds,
        };
        ask.Wanted.AddRange(f.Condition.Sequences.Select(s
            => new Wanted { Origin = Number(s.Origin), Sequence = s.Count }));
        ask.Wanted.AddRange(f.Condition.Positions.Select(p
            => new Wanted { Origin = Number(p.Origin), Position = p.Position }));
        return ask;
    }

    private Answer ToWire(AnswerFrame f)
    {
        var answer = new Answer
        {
            Request = (ulong)f.Request, Value = UnsafeByteOperations.UnsafeWrap(f.Value),
            StateVersion = f.StateVersion, Count = f.Count, Highest = f.Highest.Value,
        };
        if (f.Failure is { } failure)
        {
            answer.Refusal = ToWire(failure);
        }
        answer.Points.AddRange(f.Points.Select(p => new Point
        {
            Origin = Number(p.Origin), Sequence = p.Sequence, Position = p.Position,
        }));
        return answer;
    }

    // What a service's own refusal says is nobody's rule, and the other side ends the link at what it does not take:
    // it is cut and clamped here, so that a command that is refused costs its caller some text and nobody a link.
    private static Refusal ToWire(Failure failure) => new()
    {
        Code = failure.Error.Code.Length == 0 ? ErrorCodes.CommandFailed.Code
            : Cut(failure.Error.Code, EventLimits.MaxNameLength),
        Title = Cut(failure.Error.Title, FrameReader.MaxTextLength),
        ExitCode = Math.Clamp(failure.Error.ExitCode, 1, 255), Status = Math.Clamp(failure.Error.HttpStatus, 400, 599),
        Message = Cut(failure.Message, FrameReader.MaxTextLength),
        Next = Cut(failure.Next, FrameReader.MaxTextLength),
        Field = Cut(failure.Field ?? "", FrameReader.MaxTextLength),
    };

    // At the boundary of a character: half of one is no text.
    private static string Cut(string? text, int most) => text is null ? "" : text.Length <= most ? text
        : text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];
}
