using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Runs the effects of final events, away from the loop, each until it succeeds.</summary>
/// <remarks>How many run at once is bounded by the kernel, which asks for no more of a lane before it has heard that
/// some are done. One that fails runs again with a growing pause, and is alarmed about when it goes on failing:
/// nothing is given up, and the events of its lane that come much later wait for it.</remarks>
internal sealed class EffectRunner(
    RuntimeOptions options, EntityTypes types, EntityRuntime runtime, TimeProvider clock, ILogger logger)
{
    private const int FirstPauseMilliseconds = 1_000;
    private const int AlarmAfterAttempts = 3;

    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int running = 1; // the runner itself, until it stops

    /// <summary>Takes an answer back to the loop.</summary>
    public required Action<KernelInput> Answer { get; init; }

    /// <summary>Tells a person.</summary>
    public required Action<AlarmKind, string> Alarm { get; init; }

    /// <summary>Begins; does not wait.</summary>
    public void Run(RunEffects run)
    {
        Interlocked.Increment(ref running);
        _ = Task.Run(() => RunAndLeaveAsync(run), CancellationToken.None);
    }

    /// <summary>Ends what is under way; it runs again at the next start.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        Leave();
        await ended.Task.WaitAsync(TimeSpan.FromMilliseconds(options.StopMilliseconds), clock, CancellationToken.None)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunAndLeaveAsync(RunEffects run)
    {
        try
        {
            await RunAllAsync(run);
        }
        finally
        {
            Leave();
        }
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref running) == 0)
            ended.TrySetResult();
    }

    private async Task RunAllAsync(RunEffects run)
    {
        var final = run.Final;
        foreach (var effect in types.Find(final.Event.Entity.Type)?.EffectsOf(final.Payload.GetType()) ?? [])
        {
            if (!await UntilDoneAsync(effect, final))
                return;
        }
        Answer(new EffectsDoneInput(run));
    }

    private async Task<bool> UntilDoneAsync(FinalEffect effect, FinalEvent final)
    {
        for (var attempt = 1; !stopping.IsCancellationRequested; attempt++)
        {
            try
            {
                await OnceAsync(effect, final);
                return true;
            }
            catch (Exception error) when (!stopping.IsCancellationRequested) // a user's code: it is tried again
            {
                Tell(effect, final, attempt, error);
            }
            catch (Exception) // we are stopping: whatever it was interrupted in, it runs again
            {
                return false;
            }
            var pause = Math.Min(options.EffectBackoffMilliseconds,
                (long)FirstPauseMilliseconds << Math.Min(attempt - 1, 30));
            await Task.Delay(TimeSpan.FromMilliseconds(pause), clock, stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return false;
    }

    private async Task OnceAsync(FinalEffect effect, FinalEvent final)
    {
        if (options.Services is not { } services)
        {
            await effect.Run(final.Payload, Context(NoServices.Instance), stopping.Token);
            return;
        }
        await using var scope = services.CreateAsyncScope();
        await effect.Run(final.Payload, Context(scope.ServiceProvider), stopping.Token);

        FinalContext Context(IServiceProvider of)
            => new(runtime, final, FinalEffect.KeyOf(final.Event, effect.Name), of);
    }

    private void Tell(FinalEffect effect, FinalEvent final, int attempt, Exception error)
    {
        var type = final.Event.Entity.Type;
        var isPersonal = types.Find(type)?.HasPersonalMembers == true;
        if (isPersonal)
            Log.PersonalEffectFailed(logger, effect.Name, type, attempt, ExceptionOutline.Of(error));
        else
            Log.EffectFailed(logger, effect.Name, type, attempt, error);
        if (attempt == AlarmAfterAttempts)
        {
            // What another handler refused with may quote what it was told.
            var why = Failure.In(error) is not { } failure ? error.GetType().Name
                : isPersonal ? failure.Error.Code : failure.ToString();
            Alarm(AlarmKind.EffectsStopped,
                $"Effect '{effect.Name}' of {final.Event} failed {attempt} times and is tried again: {why}");
        }
    }

    private sealed class NoServices : IServiceProvider
    {
        public static readonly NoServices Instance = new();

        public object? GetService(Type serviceType) => null;
    }
}
