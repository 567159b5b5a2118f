using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>The one place from which the kernel is called: takes inputs in the order in which they came, as many as
/// are there, and then hands out every effect they led to.</summary>
/// <remarks>
/// A lone write finds an idle loop and an idle journal, so it waits for nobody. While a group is being committed,
/// writes gather in the kernel and the next group takes them all: batches grow with load without a timer. No user
/// code runs here beyond the entity type's pure handlers, no I/O, and nobody's continuation. The queue is not
/// bounded by itself: requests are bounded by the runtime, frames by their link, and everything else answers an
/// effect that the kernel asked for. When the kernel throws, everybody who waits is told so, whether the kernel had
/// their request already or not: nothing that it knows can be trusted, and nobody may wait for ever.
/// </remarks>
internal sealed class KernelLoop(
    InstanceKernel kernel, TimeProvider clock, int maxInputsPerTurn, ILogger logger)
{
    private readonly Channel<object> inputs = Channel.CreateUnbounded<object>(
        new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = false });
    private readonly HashSet<object> waiting = [];
    private object? current;

    /// <summary>Called for every effect, on the loop; must not block or throw.</summary>
    public required Action<KernelEffect> Perform { get; init; }

    /// <summary>Called once when the kernel threw, with the requests that nobody will answer any more.</summary>
    public required Action<Exception, IReadOnlyCollection<object>> Failed { get; init; }

    /// <summary>Queues an input. False when the loop has ended.</summary>
    public bool Post(object input) => inputs.Writer.TryWrite(input);

    /// <summary>Takes no more inputs; <see cref="RunAsync"/> ends once those queued are handled.</summary>
    public void Complete() => inputs.Writer.TryComplete();

    /// <summary>Runs until <see cref="Complete"/>, or until the kernel throws.</summary>
    public async Task RunAsync()
    {
        try
        {
            var reader = inputs.Reader;
            while (await reader.WaitToReadAsync(CancellationToken.None))
                Turn(reader);
        }
        catch (Exception error)
        {
            Log.KernelFailed(logger, Describe(current), error);
            inputs.Writer.TryComplete();
            while (inputs.Reader.TryRead(out var input))
                waiting.Add(input);
            Failed(error, waiting);
        }
    }

    /// <summary>The moment to give to the kernel.</summary>
    public Moment Now() => new(
        clock.GetUtcNow().ToUnixTimeMilliseconds(), MonotonicMilliseconds(clock));

    /// <summary>The monotonic clock in milliseconds.</summary>
    public static long MonotonicMilliseconds(TimeProvider clock)
        => (long)((Int128)clock.GetTimestamp() * 1000 / clock.TimestampFrequency);

    private void Turn(ChannelReader<object> reader)
    {
        var now = Now();
        for (var taken = 0; taken < maxInputsPerTurn && reader.TryRead(out var input); taken++)
            Give(input, now);
        // Read anew: what is answered under a lease must be true after the last of these inputs had come.
        foreach (var effect in kernel.Flush(Now()))
        {
            if (effect is CommandDone or ReadDone or RegisterDone or MembershipDone or PrimaryDone)
                waiting.Remove(RequestOf(effect));
            Perform(effect);
        }
    }

    private static object RequestOf(KernelEffect done) => done switch
    {
        CommandDone command => command.Request,
        ReadDone read => read.Request,
        RegisterDone register => register.Request,
        PrimaryDone primary => primary.Request,
        _ => ((MembershipDone)done).Request,
    };

    // Who sent it is what an operator has to know when the next process fails at the same.
    private static string Describe(object? input) => input switch
    {
        null => "nothing",
        ReceivedInput received => $"{received.Frame.GetType().Name} of region '{received.Link.Peer}'",
        _ => input.GetType().Name,
    };

    private void Give(object input, Moment now)
    {
        current = input;
        if (input is CommandRequest or ReadRequest or RegisterRequest or MembershipRequest or PrimaryRequest)
            waiting.Add(input);
        switch (input)
        {
            case CommandRequest command:
                kernel.Submit(command, now);
                break;
            case ReadRequest read:
                kernel.Read(read, now);
                break;
            case RegisterRequest register:
                kernel.Submit(register, now);
                break;
            case MembershipRequest members:
                kernel.Submit(members, now);
                break;
            case PrimaryRequest primary:
                kernel.Submit(primary, now);
                break;
            case CommittedInput i:
                kernel.Committed(i.Commits, now);
                break;
            case ReceivedInput i:
                i.Link.Release(i.Bytes);
                kernel.Received(i.Link.Id, i.Frame, now);
                break;
            case LinkOpenedInput i:
                kernel.LinkOpened(i.Link, i.Peer, i.Dialled, now);
                break;
            case DialFailedInput i:
                kernel.DialFailed(i.Peer, now);
                break;
            case LinkClosedInput i:
                kernel.LinkClosed(i.Link, now);
                break;
            case InspectInput i:
                i.Look(kernel, now);
                break;
            default:
                GiveAnswer(input, now);
                break;
        }
    }

    // What the kernel has asked for.
    private void GiveAnswer(object input, Moment now)
    {
        switch (input)
        {
            case LoadedInput i:
                kernel.Loaded(i.Image, i.History, now);
                break;
            case LoadFailedInput i:
                kernel.LoadFailed(i.Entity, i.Failure, now);
                break;
            case PageInput i:
                kernel.PageRead(i.Request, i.Page, now);
                break;
            case PageFailedInput i:
                kernel.PageFailed(i.Request, now);
                break;
            case RowsInput i:
                kernel.RowsRead(i.Request, i.Rows, now);
                break;
            case RowsFailedInput i:
                kernel.RowsFailed(i.Request, now);
                break;
            case CheckpointsInput i:
                kernel.CheckpointsRead(i.Request, i.Page, now);
                break;
            case HistoryInput i:
                kernel.HistoryRead(i.Request, i.Image, now);
                break;
            case AuditedInput i:
                kernel.Audited(i.Request, i.Audits, i.Next, now);
                break;
            case AuditFailedInput i:
                kernel.AuditFailed(i.Request, now);
                break;
            case EffectsDoneInput i:
                kernel.EffectsDone(i.Run, now);
                break;
            case IncarnationInput:
                kernel.IncarnationOpened(now);
                break;
            default:
                throw new InvalidOperationException($"Unknown input {input.GetType().Name}.");
        }
    }
}
