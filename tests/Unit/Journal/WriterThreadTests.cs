using Pelago.Journal;

namespace Pelago.Tests.Unit;

/// <summary>The queue before the thread that writes.</summary>
public sealed class WriterThreadTests
{
    private static readonly CancellationToken Test = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Work_OfSeveralCallers_IsDoneInOrderAndAllOfIt()
    {
        await using var thread = new WriterThread(4);
        var done = new List<int>();

        var tasks = Enumerable.Range(0, 1_000).Select(number => thread.RunAsync(
            () =>
            {
                done.Add(number);
                return number;
            },
            Test)).ToArray();

        (await Task.WhenAll(tasks)).ShouldBe(Enumerable.Range(0, 1_000));
        done.ShouldBe(Enumerable.Range(0, 1_000));
    }

    [Fact]
    public async Task Work_ThatThrows_FailsItsCallerAndTheNextOneIsDone()
    {
        await using var thread = new WriterThread(4);

        await Should.ThrowAsync<InvalidDataException>(
            thread.RunAsync<int>(() => throw new InvalidDataException(), Test));

        (await thread.RunAsync(() => 2, Test)).ShouldBe(2);
    }

    [Fact]
    public async Task Queue_IsFull_TheCallerWaitsUntilItIsCancelledAndNothingIsQueued()
    {
        await using var thread = new WriterThread(1);
        using var free = new ManualResetEventSlim();
        using var began = new ManualResetEventSlim();
        var first = thread.RunAsync(
            () =>
            {
                began.Set();
                free.Wait(Test);
                return 1;
            },
            Test);
        began.Wait(Test);
        var second = thread.RunAsync(() => 2, Test);
        using var cancellation = new CancellationTokenSource();
        var isDone = false;
        var third = Task.Run(() => thread.RunAsync(() => isDone = true, cancellation.Token), Test);
        await cancellation.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(third);
        free.Set();
        (await first + await second).ShouldBe(3);
        isDone.ShouldBeFalse();
    }

    [Fact]
    public async Task Queue_IsFullAndTheThreadEnds_WhatWasQueuedIsDoneAndWhoWaitedIsTold()
    {
        var thread = new WriterThread(1);
        using var free = new ManualResetEventSlim();
        using var began = new ManualResetEventSlim();
        var first = thread.RunAsync(
            () =>
            {
                began.Set();
                free.Wait(Test);
                return 1;
            },
            Test);
        began.Wait(Test);
        var second = thread.RunAsync(() => 2, Test);
        var third = Task.Run(() => thread.RunAsync(() => 3, Test), Test);

        var ending = thread.DisposeAsync();
        await Should.ThrowAsync<ObjectDisposedException>(third);
        free.Set();
        await ending;

        (await first + await second).ShouldBe(3);
        Should.Throw<ObjectDisposedException>(() => { _ = thread.RunAsync(() => 4, Test); });
    }
}
