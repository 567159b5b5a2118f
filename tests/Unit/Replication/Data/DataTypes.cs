using System.Text.Json.Serialization.Metadata;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>The types as the generator sees them.</summary>
internal static class DataTypes
{
    public static readonly DataType<PnCounter, Edit> UpDown = new(PnCounter.Zero, Edit.Any<PnCounter>(Kind.Add),
        (s, e, c) => s.Add(e.Number, c.Region), (s, _) => s, DataJson.Default.PnCounter,
        s => $"{s.Value}", Specifications.Counter);

    public static readonly DataType<LwwRegister<int>, Edit> LastWriter = new(LwwRegister<int>.Initial(0),
        Edit.Any<LwwRegister<int>>(Kind.Add), (s, e, c) => s.Set(e.Number, c.Stamp), (s, _) => s,
        DataJson.Default.LwwRegisterInt32, s => s.At == Stamp.None ? "-" : $"{s.Value}", Specifications.LastWriter);

    public static readonly DataType<GrowSet<int>, Edit> Grow = new(GrowSet<int>.Empty,
        Edit.Any<GrowSet<int>>(Kind.Add), (s, e, _) => s.Add(e.Number), (s, _) => s, DataJson.Default.GrowSetInt32,
        s => string.Join(' ', s.Items), Specifications.Grow);

    public static readonly DataType<ResettableCounter, Edit> Counter = Value<ResettableCounter>(
        (s, e, c) => s.Add(e.Number, c), DataJson.Default.ResettableCounter, s => $"{s.Value}", Specifications.Counter,
        Kind.Add);

    public static readonly DataType<MvRegister<int>, Edit> Register = Value<MvRegister<int>>(
        (s, e, c) => s.Set(e.Number, c), DataJson.Default.MvRegisterInt32, s => string.Join(' ', s.Values),
        Specifications.Register, Kind.Add);

    public static readonly DataType<EnableWinsFlag, Edit> Flag = Value<EnableWinsFlag>(
        (s, e, c) => s.Enable(c), DataJson.Default.EnableWinsFlag, s => $"{s.IsEnabled}", Specifications.Flag,
        Kind.Add);

    public static readonly DataType<OrSet<string>, Edit> AddWins = Value<OrSet<string>>(
        (s, e, c) => e.Kind == Kind.Add ? s.Add(e.Item, c) : s.Remove(e.Item, c), DataJson.Default.OrSetString,
        s => string.Join(' ', s.Items), Specifications.AddWins, Kind.Add, Kind.Remove);

    public static readonly DataType<RemoveWinsSet<string>, Edit> RemoveWins = Value<RemoveWinsSet<string>>(
        (s, e, c) => e.Kind == Kind.Add ? s.Add(e.Item, c) : s.Remove(e.Item, c),
        DataJson.Default.RemoveWinsSetString, s => string.Join(' ', s.Items), Specifications.RemoveWins, Kind.Add,
        Kind.Remove);

    public static readonly DataType<LwwMap<string, int>, Edit> LastWriterMap = Value<LwwMap<string, int>>(
        (s, e, c) => e.Kind == Kind.Add ? s.Set(e.Item, e.Number, c) : s.Remove(e.Item, c),
        DataJson.Default.LwwMapStringInt32, s => string.Join(' ', s.Items.Select(i => $"{i.Key}={i.Value}")),
        Specifications.LastWriterMap, Kind.Add, Kind.Remove);

    public static DataType<OrMap<string, TValue>, Edit> MapOf<TValue>(
        DataType<TValue, Edit> value, JsonTypeInfo<OrMap<string, TValue>> json, params Kind[] kinds)
        where TValue : class, IMapValue<TValue> => new(OrMap<string, TValue>.Empty,
            Edit.Any<OrMap<string, TValue>>([.. kinds, Kind.Reset]),
            (s, e, c) => e.Kind == Kind.Reset ? s.Remove(e.Key, c) : s.Update(e.Key, c, v => value.Apply(v, e, c)),
            (s, h) => s.Settle(h), json,
            s => string.Join("; ", s.Items.Select(i => $"{i.Key}: {value.Show(i.Value)}")),
            Specifications.MapOf(value.Specification));

    // A value of a map, by itself: what removing its key does is an operation, too.
    private static DataType<TValue, Edit> Value<TValue>(
        Func<TValue, Edit, EventContext, TValue> apply, JsonTypeInfo<TValue> json, Func<TValue, string> show,
        Func<IReadOnlyList<Operation<Edit>>, string> specification, params Kind[] kinds)
        where TValue : class, IMapValue<TValue> => new(TValue.Empty, Edit.Any<TValue>([.. kinds, .. kinds, Kind.Reset]),
            (s, e, c) => e.Kind == Kind.Reset ? s.Reset(c) : apply(s, e, c), (s, h) => s.Settle(h), json, show,
            specification);
}
