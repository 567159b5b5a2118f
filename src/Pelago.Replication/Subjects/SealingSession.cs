using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Seals and opens for the handler that runs now: one after another, on the kernel's thread.</summary>
/// <remarks>Handlers are pure and cannot wait. One that needs a key which is not in memory, or not made yet, runs to
/// its end on what is there; what it said is thrown away, the keys are fetched, and it runs again
/// (<see cref="SubjectKeys.Prepare"/>). Nobody sees a box or an answer of such a run.</remarks>
internal sealed class SealingSession(KernelContext context, InstanceKernel kernel) : ISealing
{
    private static readonly Failure TooMany = new(ErrorCodes.TooManySubjects,
        $"One request seals or opens members of more than {MaxSubjects} subjects.", "Ask for fewer at once.");

    private const int MaxSubjects = 1_024;
    private readonly SortedSet<string> toLoad = new(StringComparer.Ordinal);
    private readonly SortedSet<string> toMake = new(StringComparer.Ordinal);
    private EntityKey entity;
    private Origin? origin;
    private ulong next;
    private bool isOpen;

    /// <summary>Why the request cannot be carried out; null as long as it can.</summary>
    public Failure? Refusal { get; private set; }

    /// <summary>The run counts for nothing: keys have to be fetched or made first.</summary>
    public bool IsLacking => toLoad.Count + toMake.Count > 0;

    /// <summary>The handler that runs, or ran last, sealed or opened something: what it says may tell it.</summary>
    public bool SawPersonal { get; private set; }

    /// <summary>Subjects whose keys are not in memory, or not durable yet.</summary>
    public IReadOnlyList<string> ToLoad => [.. toLoad];

    /// <summary>Subjects that have no key here.</summary>
    public IReadOnlyList<string> ToMake => [.. toMake];

    /// <summary>A handler begins.</summary>
    /// <param name="of">The entity.</param>
    /// <param name="by">Where its events are written; null when it writes none.</param>
    /// <param name="sequence">The number of the first of them.</param>
    public void Begin(EntityKey of, Origin? by, ulong sequence)
    {
        (entity, origin, next, isOpen, Refusal, SawPersonal) = (of, by, sequence, true, null, false);
        if (!IsLacking)
            return;
        toLoad.Clear();
        toMake.Clear();
    }

    /// <summary>The handler has returned.</summary>
    public void End() => isOpen = false;

    /// <inheritdoc />
    public byte[] Seal(string subject, string field, int inEvent, ReadOnlySpan<byte> content)
    {
        Check(field, inEvent);
        SawPersonal = true;
        var by = origin ?? new Origin(context.Options.Region, default);
        if (EntityKey.CheckId(subject, "subject") is { } invalid)
            return Refuse(invalid, field, by);
        if (content.Length > SealedBox.RoomFor(subject, field, by))
        {
            return Refuse(new Failure(ErrorCodes.EventTooLarge, $"A personal member has {content.Length} bytes.",
                $"At most {SealedBox.MaxBytes} can be sealed, names included.", field), field, by);
        }
        var key = origin is null ? Throwaway(subject) : KeyFor(subject); // without an event nobody keeps the box
        return SealedBox.Seal(key ?? Throwaway(subject), entity, by, next + (ulong)inEvent, field,
            context.Secret(SealedBox.NonceBytes), key is null ? [] : content);
    }

    /// <inheritdoc />
    public byte[]? Open(SealedBox box, out Unreadable why)
    {
        if (!isOpen)
            throw Over();
        why = Unreadable.NoKey;
        if (kernel.Subjects.InMemory(box.Subject) is not { } subject)
        {
            Need(toLoad, box.Subject);
            return null;
        }
        if (subject.IsForgotten)
        {
            why = Unreadable.Forgotten;
            return null;
        }
        if (context.Closed is not null || kernel.Lane(subject.Key.Lane).IsUnclear(subject))
        {
            why = Unreadable.Unclear;
            return null;
        }
        if (!subject.Keys.TryGetValue(box.KeyId, out var key))
        {
            why = Lacking(subject, new SubjectKeyName(box.Subject, box.KeyId), box.Origin.Region);
            return null;
        }
        why = Unreadable.Altered;
        SawPersonal = true;
        return box.Open(key.Key, entity);
    }

    // Anybody can write a name into a box: only one that an event of the subject names is asked for.
    private Unreadable Lacking(EntityReplica subject, SubjectKeyName name, string maker)
    {
        if (!((SubjectState)subject.Fold.State).IsNamed(name.Id))
            return Unreadable.NoKey;
        var isLost = kernel.Subjects.Exchange.IsLost(name);
        kernel.Subjects.Exchange.Want(name, maker);
        return isLost ? Unreadable.Lost : Unreadable.NoKey;
    }

    // Only under a key that is durable: what is sealed under another might be sent on without anybody ever having it.
    private SubjectKey? KeyFor(string name)
    {
        if (kernel.Subjects.InMemory(name) is not { } subject)
            return Need(toLoad, name);
        if (subject.IsForgotten)
            Refusal ??= Forgotten;
        else if (subject.Unusable is { } parked)
            Refusal ??= parked;
        else if (subject.Pending > 0)
            return Need(toLoad, name);
        else if (subject.Keys.Count > 0)
            return subject.Keys.Values.MinBy(k => k.Id);
        else if (!kernel.Subjects.Exchange.May(context.Options.Region))
            Refusal ??= Elsewhere();
        else
            return Need(toMake, name);
        return null;
    }

    private SubjectKey? Need(SortedSet<string> list, string subject)
    {
        if (toLoad.Count + toMake.Count < MaxSubjects)
            list.Add(subject);
        else if (!list.Contains(subject))
            Refusal ??= TooMany;
        return null;
    }

    private void Check(string field, int inEvent)
    {
        if (!isOpen)
            throw Over();
        if (context.Options.Secrets is null)
            throw new InvalidOperationException("The host of this service gave nothing that makes keys.");
        if (!SealedBox.IsField(field))
        {
            throw new ArgumentException($"A field's name has 1–{SealedBox.MaxFieldLength} printable ASCII characters.",
                nameof(field));
        }
        ArgumentOutOfRangeException.ThrowIfNegative(inEvent);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(inEvent, EventLimits.MaxBatchLength);
    }

    private byte[] Refuse(Failure failure, string field, Origin by)
    {
        Refusal ??= failure;
        return SealedBox.Seal(
            Throwaway("refused"), entity, by, Math.Max(1, next), field, context.Secret(SealedBox.NonceBytes), []);
    }

    private SubjectKey Throwaway(string subject)
        => new(SubjectType.KeyOf(subject), default, context.Secret(SubjectKey.KeyBytes));

    private static Failure Forgotten => new(ErrorCodes.SubjectForgotten,
        "A subject of the command was forgotten; nothing was changed.",
        "Nothing personal is written about it any more. For the same person who comes back, use another name.");

    private Failure Elsewhere() => new(ErrorCodes.SubjectKeysElsewhere,
        $"Region '{context.Options.Region}' may not hold keys of subjects, and the command seals something personal; "
        + "nothing was changed.",
        $"Send it to one of these regions: {string.Join(", ", context.Options.SubjectKeyRegions ?? [])}.");

    private static InvalidOperationException Over() => new(
        "Personal members are sealed and opened while a handler runs: before it returns its effect or its answer.");
}
