using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Performs what the kernel asks of the journal, away from the loop: appends one after another, reads a few
/// at a time. Whatever the store does, every request is answered.</summary>
internal sealed class JournalWorker
{
    private readonly IJournal journal;
    private readonly ILogger logger;
    private readonly Channel<KernelEffect> writes = NewQueue(readers: 1);
    private readonly Channel<KernelEffect> reads;
    private readonly int concurrentReads;
    private Task all = Task.CompletedTask;

    public JournalWorker(IJournal journal, int concurrentReads, ILogger logger)
    {
        (this.journal, this.concurrentReads, this.logger) = (journal, concurrentReads, logger);
        reads = NewQueue(concurrentReads);
    }

    /// <summary>Takes an answer back to the loop.</summary>
    public required Action<KernelInput> Answer { get; init; }

    /// <summary>The entity type of a name, or null.</summary>
    public required Func<string, IEntityType?> TypeOf { get; init; }

    /// <summary>Which events do not count because of a primary that was replaced.</summary>
    public required PrimaryRules Rules { get; init; }

    /// <summary>Starts the workers.</summary>
    public void Start() => all = Task.WhenAll(
        [Task.Run(WriteAsync), .. Enumerable.Range(0, concurrentReads).Select(_ => Task.Run(ReadAsync))]);

    /// <summary>Queues an append or a change of incarnation.</summary>
    public void Write(KernelEffect effect) => writes.Writer.TryWrite(effect);

    /// <summary>Queues a load or a page.</summary>
    public void Read(KernelEffect effect) => reads.Writer.TryWrite(effect);

    /// <summary>Ends once everything queued is done.</summary>
    public Task StopAsync()
    {
        writes.Writer.TryComplete();
        reads.Writer.TryComplete();
        return all;
    }

    private async Task WriteAsync()
    {
        await foreach (var effect in writes.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (effect is AppendGroup group)
                Answer(new CommittedInput(await AppendAsync(group)));
            else if (effect is OpenIncarnation open)
                await OpenAsync(open);
        }
    }

    private async ValueTask<IReadOnlyList<LaneCommit>> AppendAsync(AppendGroup group)
    {
        try
        {
            return await journal.AppendAsync(group.Batches, CancellationToken.None);
        }
        catch (Exception error) // a store fails in ways of its own; the kernel retries or refuses
        {
            Log.AppendFailed(logger, group.Batches.Count, error);
            EndIfOver(error);
            return [.. group.Batches.Select(_ => new LaneCommit(CommitOutcome.Failed, 0, 0))];
        }
    }

    // The store holds something else than this process remembers: it has to start anew and read it.
    private void EndIfOver(Exception error)
    {
        if (error is PelagoException { Failure.Error: var code } && code == ErrorCodes.JournalReplaced)
            Answer(new InspectInput((_, _) => throw new InvalidOperationException("The journal is over.", error)));
    }

    private async ValueTask OpenAsync(OpenIncarnation open)
    {
        try
        {
            await journal.OpenIncarnationAsync(open.Next, CancellationToken.None);
            Log.IncarnationOpened(logger, open.Next.ToString(), open.Reason);
            Answer(new IncarnationInput());
        }
        catch (Exception error) // without it nothing can be written: the process is restarted and tries again
        {
            Answer(new InspectInput((_, _) => throw new InvalidOperationException("No incarnation could be opened.",
                error)));
        }
    }

    private async Task ReadAsync()
    {
        await foreach (var effect in reads.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (effect is LoadEntity load)
                Answer(await LoadAsync(load));
            else if (effect is ReadPage page)
                Answer(await PageAsync(page));
            else if (effect is ReadHistory history)
                Answer(new HistoryInput(history.Request, await HistoryAsync(history)));
            else if (effect is ReadRows rows)
                Answer(await RowsAsync(rows));
            else if (effect is ReadCheckpoints checkpoints)
                Answer(await CheckpointsAsync(checkpoints));
            else if (effect is AuditEntities audit)
                Answer(await AuditAsync(audit));
        }
    }

    private async ValueTask<KernelInput> LoadAsync(LoadEntity load)
    {
        try
        {
            var image = load.History
                ? await journal.LoadHistoryAsync(load.Entity, CancellationToken.None)
                : await journal.LoadAsync(load.Entity, CancellationToken.None);
            if (image.Damage is { } damage)
                Log.EntityDamaged(logger, load.Entity.Lane, damage);
            return new LoadedInput(image, load.History);
        }
        catch (Exception error)
        {
            Log.LoadFailed(logger, load.Entity.Type, error);
            EndIfOver(error);
            return new LoadFailedInput(load.Entity, (error as PelagoException)?.Failure ?? new Failure(
                ErrorCodes.JournalUnavailable, "The journal could not be read.",
                    "Try again; look into the instance's log."));
        }
    }

    private async ValueTask<KernelInput> PageAsync(ReadPage page)
    {
        try
        {
            return new PageInput(page.Request, await journal.ReadLaneAsync(
                page.Lane, page.After, page.Filter, page.MaxRows, page.MaxBytes, CancellationToken.None));
        }
        catch (Exception error) // the kernel asks again after a pause
        {
            Log.PageFailed(logger, page.Lane, error);
            return new PageFailedInput(page.Request);
        }
    }

    private async ValueTask<KernelInput> RowsAsync(ReadRows read)
    {
        try
        {
            return new RowsInput(read.Request, await journal.ReadRowsAsync(
                read.Entity, read.After, read.MaxRows, CancellationToken.None));
        }
        catch (Exception error) // the compaction ends; it may be asked for again
        {
            Log.LoadFailed(logger, read.Entity.Type, error);
            return new RowsFailedInput(read.Request);
        }
    }

    private async ValueTask<KernelInput> CheckpointsAsync(ReadCheckpoints read)
    {
        try
        {
            return new CheckpointsInput(read.Request, await journal.ReadCheckpointsAsync(
                read.Lane, read.After, read.MaxCheckpoints, CancellationToken.None));
        }
        catch (Exception error) // the kernel asks again after a pause
        {
            Log.PageFailed(logger, read.Lane, error);
            return new PageFailedInput(read.Request);
        }
    }

    private async ValueTask<KernelInput> AuditAsync(AuditEntities audit)
    {
        try
        {
            var page = audit.Only is { } only ? new EntityPage(only, 0)
                : await journal.ReadEntitiesAsync(audit.Lane, audit.After, audit.MaxEntities, CancellationToken.None);
            var audits = new List<EntityAudit>();
            foreach (var entity in page.Entities)
            {
                var image = await journal.LoadAsync(entity, CancellationToken.None);
                var history = EntityAudit.NeedsHistory(image)
                    ? await journal.LoadHistoryAsync(entity, CancellationToken.None) : null;
                if (EntityAudit.Of(TypeOf(entity.Type), image, history, Rules) is { } found)
                    audits.Add(found);
            }
            return new AuditedInput(audit.Request, audits, page.Next);
        }
        catch (Exception error) // looked at another time
        {
            Log.AuditFailed(logger, audit.Lane, error);
            return new AuditFailedInput(audit.Request);
        }
    }

    private async ValueTask<EntityImage> HistoryAsync(ReadHistory read)
    {
        try
        {
            return await journal.LoadHistoryAsync(read.Entity, CancellationToken.None);
        }
        catch (Exception error) // the peer hears that this was not everything, and asks again, here or elsewhere
        {
            Log.LoadFailed(logger, read.Entity.Type, error);
            return new EntityImage(read.Entity, null, [], [])
            {
                Damage = new Failure(ErrorCodes.JournalUnavailable, "The journal could not be read.",
                    "Try again; look into the instance's log."),
            };
        }
    }

    private static Channel<KernelEffect> NewQueue(int readers) => Channel.CreateUnbounded<KernelEffect>(
        new UnboundedChannelOptions { SingleReader = readers == 1, SingleWriter = true });
}
