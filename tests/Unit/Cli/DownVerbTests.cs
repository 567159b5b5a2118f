using Pelago.Cli;
using Pelago.Client;

namespace Pelago.Tests.Unit;

/// <summary>`down` while another command changes the world.</summary>
public sealed class DownVerbTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-down-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task Down_RecordChangedWhileItWaitsForItsTurn_IsReadAnew()
    {
        var stop = TestContext.Current.CancellationToken;
        var directory = WorldDirectory.At(_root.FullName);
        var world = WorldPlan.Create(7400, "aws", _ => true);
        PrivateFile.WriteJson(directory.WorldFile, world);
        var turn = directory.TryLock().ShouldNotBeNull();
        var said = new Watched();
        var down = CommandLine.RunAsync(["down", "--data", _root.FullName],
            new Terminal(TextWriter.Null, said, colourOutput: false, colourError: false), TimeProvider.System, stop);
        await said.Waiting.WaitAsync(stop);
        // No process may be started here that a record with one region more would find: so one that says nothing.
        File.Delete(directory.WorldFile);
        await turn.DisposeAsync();
        (await down).ShouldBe(3, said.ToString());
        said.ToString().ShouldContain("PLG1101");
    }

    private sealed class Watched : StringWriter
    {
        private readonly TaskCompletionSource _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Waiting => _waiting.Task;

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains("waiting for it", StringComparison.Ordinal) == true)
                _waiting.TrySetResult();
        }
    }
}
