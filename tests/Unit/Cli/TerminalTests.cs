using System.Text;
using Pelago.Cli;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class TerminalTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Messages_OfManyAtOnce_AreOneWriteEach(bool colour)
    {
        using var written = new Pieces();
        var terminal = new Terminal(TextWriter.Null, written, colourOutput: false, colour);
        var failure = new Failure(ErrorCodes.WorldBusy, "Another command runs.", "Wait.");

        Parallel.For(0, 400, i =>
        {
            terminal.Progress($"region/{i}", "ready", "after 3 s");
            terminal.Fail(failure);
            terminal.Say("said");
        });

        written.Taken.Count.ShouldBe(1_200);
        written.Taken.ShouldAllBe(piece => piece.EndsWith('\n') && piece.TrimEnd('\n').Length > 0
            && !piece.TrimEnd('\n').Contains('\n'));
    }

    [Fact]
    public void Messages_Plain_AreAsTheyAreRead()
    {
        using var written = new Pieces();
        var terminal = new Terminal(TextWriter.Null, written, colourOutput: false, colourError: false);
        terminal.Progress("wan", "started", "pid 7");
        terminal.Progress("wan", "ready");
        terminal.Fail(new Failure(ErrorCodes.WorldBusy, "Another command runs.", "Wait."));
        string.Concat(written.Taken).ShouldBe(
            $"  {"wan",-24}started  pid 7\n  {"wan",-24}ready\nerror PLG1108: Another command runs. Wait.\n");
    }

    /// <summary>Remembers each write as one piece; two at once would come to another process in any order.</summary>
    private sealed class Pieces : TextWriter
    {
        private readonly Lock _gate = new();
        private readonly List<string> _taken = [];

        public override Encoding Encoding => Encoding.UTF8;

        public IReadOnlyList<string> Taken
        {
            get
            {
                lock (_gate)
                    return [.. _taken];
            }
        }

        public override void Write(char value) => Write(value.ToString());

        public override void Write(string? value)
        {
            lock (_gate)
            {
                if (value is { Length: > 0 })
                    _taken.Add(value);
            }
        }

        public override void WriteLine(string? value) => Write(value + "\n");
    }
}
