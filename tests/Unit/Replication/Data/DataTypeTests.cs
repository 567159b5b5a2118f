namespace Pelago.Tests.Unit;

/// <summary>Random operations in random causal orders of delivery, on three to five replicas, with serialization and
/// settling in between: each type against its specification, and the same bytes everywhere.</summary>
public sealed class DataTypeTests
{
    [Fact]
    public void PnCounter_AnyHistory_IsAsSpecified() => History.Check(DataTypes.UpDown);

    [Fact]
    public void LwwRegister_AnyHistory_IsAsSpecified() => History.Check(DataTypes.LastWriter);

    [Fact]
    public void GrowSet_AnyHistory_IsAsSpecified() => History.Check(DataTypes.Grow);

    [Fact]
    public void ResettableCounter_AnyHistory_IsAsSpecified() => History.Check(DataTypes.Counter);

    [Fact]
    public void MvRegister_AnyHistory_IsAsSpecified() => History.Check(DataTypes.Register);

    [Fact]
    public void EnableWinsFlag_AnyHistory_IsAsSpecified() => History.Check(DataTypes.Flag);

    [Fact]
    public void OrSet_AnyHistory_IsAsSpecified() => History.Check(DataTypes.AddWins);

    [Fact]
    public void RemoveWinsSet_AnyHistory_IsAsSpecified() => History.Check(DataTypes.RemoveWins);

    [Fact]
    public void LwwMap_AnyHistory_IsAsSpecified() => History.Check(DataTypes.LastWriterMap);

    [Fact]
    public void OrMap_OfCounters_IsAsSpecified() => History.Check(
        DataTypes.MapOf(DataTypes.Counter, DataJson.Default.OrMapStringResettableCounter, Kind.Add));

    [Fact]
    public void OrMap_OfRegisters_IsAsSpecified() => History.Check(
        DataTypes.MapOf(DataTypes.Register, DataJson.Default.OrMapStringMvRegisterInt32, Kind.Add));

    [Fact]
    public void OrMap_OfFlags_IsAsSpecified() => History.Check(
        DataTypes.MapOf(DataTypes.Flag, DataJson.Default.OrMapStringEnableWinsFlag, Kind.Add));

    [Fact]
    public void OrMap_OfSets_IsAsSpecified() => History.Check(
        DataTypes.MapOf(DataTypes.AddWins, DataJson.Default.OrMapStringOrSetString, Kind.Add, Kind.Remove));

    [Fact]
    public void OrMap_OfRemoveWinsSets_IsAsSpecified() => History.Check(DataTypes.MapOf(
        DataTypes.RemoveWins, DataJson.Default.OrMapStringRemoveWinsSetString, Kind.Add, Kind.Remove));

    [Fact]
    public void OrMap_OfMaps_IsAsSpecified() => History.Check(
        DataTypes.MapOf(DataTypes.LastWriterMap, DataJson.Default.OrMapStringLwwMapStringInt32, Kind.Add, Kind.Remove));

    [Fact]
    public void Sequence_AnyHistory_IsAsSpecified() => History.Check(SequenceModel.Type(), 700);
}
