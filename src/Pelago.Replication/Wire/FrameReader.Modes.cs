using Google.Protobuf.Collections;
using Pelago.Model;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameReader
{
    private const int MaxHistories = 1024;
    /// <summary>Longest text of a refusal, in UTF-16 units.</summary>
    internal const int MaxTextLength = 8 * 1024;

    private const int FingerprintBytes = 16;

    private FetchTypeFrame ToFetchType(FetchType fetch)
    {
        if (fetch.History is null || (fetch.Until > 0 && fetch.Scanned > fetch.Until))
            throw Broken("a fetch of a history is malformed");
        return new FetchTypeFrame((long)fetch.Request, Lane(fetch.Lane), ToOpened(fetch.History))
        {
            Scanned = fetch.Scanned, Until = fetch.Until,
        };
    }

    private OpenedHistory[] ToOpened(RepeatedField<Wire.OpenedHistory> opened)
    {
        if (opened.Count > MaxHistories)
            throw Broken("too many histories were opened in one lane");
        return [.. opened.Select(ToOpened)];
    }

    private OpenedHistory ToOpened(Wire.OpenedHistory opened)
    {
        if (opened.Through <= opened.After)
            throw Broken("an opened history is empty");
        return new OpenedHistory(Name(types, opened.Type), Known(opened.Origin), opened.After, opened.Through);
    }

    private AskFrame ToAsk(Ask ask)
    {
        if (ask.Command.Length > EventLimits.MaxNameLength || ask.Payload.Length > EventLimits.MaxPayloadBytes
            || ask.IdempotencyKey.Length > EventLimits.MaxIdempotencyKeyLength
            || ask.TraceParent.Length > EventLimits.MaxTraceParentLength
            || ask.Fingerprint.Length is not (0 or FingerprintBytes) || ask.PatienceMilliseconds > int.MaxValue
            || ask.Wanted.Count > EventLimits.MaxVectorSlots)
        {
            throw Broken("what is asked of a primary is larger than it may be");
        }
        Acknowledgement? level = null;
        if (ask.Acknowledgement.Length > 0)
        {
            level = Acknowledgement.TryParse(ask.Acknowledgement, out var asked) ? asked
                : throw Broken("a level of acknowledgement is not known");
        }
        return new AskFrame((long)ask.Request, Entity(ask.Type, ask.Id), ask.Command, ask.Payload.Memory,
            (int)ask.PatienceMilliseconds)
        {
            IdempotencyKey = ask.IdempotencyKey, Fingerprint = ask.Fingerprint.Memory, Acknowledgement = level,
            TraceParent = ask.TraceParent,
            Condition = new ReadCondition(
                [.. ask.Wanted.Where(w => w.Sequence > 0)
                    .Select(w => new VersionVector.Slot(Known(w.Origin), w.Sequence))],
                [.. ask.Wanted.Where(w => w.Sequence == 0)
                    .Select(w => new Frontier(Known(w.Origin), w.Position, w.Position))]),
        };
    }

    private AnswerFrame ToAnswer(Answer answer)
    {
        if (answer.Points.Count > MaxNames || answer.StateVersion < 0
            || answer.Points.Select(p => p.Origin).Distinct().Count() < answer.Points.Count)
            throw Broken("an answer of a primary is malformed");
        return new AnswerFrame(Answered(answer.Request), answer.Value.Memory, ToFailure(answer.Refusal))
        {
            StateVersion = answer.StateVersion, Count = answer.Count, Highest = new HybridTimestamp(answer.Highest),
            Points = [.. answer.Points.Select(p => (Known(p.Origin), p.Sequence, p.Position))],
        };
    }

    private static Failure? ToFailure(Refusal? refusal)
    {
        if (refusal is null)
            return null;
        if (refusal.Code.Length is 0 or > EventLimits.MaxNameLength || refusal.Title.Length > MaxTextLength
            || refusal.Message.Length > MaxTextLength || refusal.Next.Length > MaxTextLength
            || refusal.Field.Length > MaxTextLength || refusal.Status is < 400 or > 599
            || refusal.ExitCode is < 1 or > 255)
        {
            throw Broken("a refusal of a primary is malformed");
        }
        var error = ErrorCodes.All.GetValueOrDefault(refusal.Code)
            ?? new ErrorCode(refusal.Code, refusal.Title, refusal.ExitCode, refusal.Status);
        return new Failure(error, refusal.Message, refusal.Next, refusal.Field.Length == 0 ? null : refusal.Field);
    }
}
